//! The dates of signatures: ISO 8601 basic format, and the HTTP date that may stand in for it.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use kumoi_model::Timestamp;

use crate::timestamp::digits;

/// A moment as `YYYYMMDDTHHMMSSZ`; one outside years 0 to 9999 becomes the epoch.
pub fn format_amz_date(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(moment.seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = Offset::UTC.to_datetime(moment);
    let mut text = String::with_capacity(16);
    digits(&mut text, time.year(), 4);
    digits(&mut text, time.month(), 2);
    digits(&mut text, time.day(), 2);
    text.push('T');
    digits(&mut text, time.hour(), 2);
    digits(&mut text, time.minute(), 2);
    digits(&mut text, time.second(), 2);
    text.push('Z');
    text
}

/// The moment that `YYYYMMDDTHHMMSSZ` names; `None` when the text is anything else.
pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let (day, time) = text.split_once('T')?;
    if day.len() != 8 || time.len() != 6 || !day.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (day, time): (u32, u32) = (day.parse().ok()?, time.parse().ok()?);
    let year = i16::try_from(day / 10_000).ok()?;
    let two = |number: u32, divisor: u32| i8::try_from(number / divisor % 100).ok();
    let moment =
        DateTime::new(year, two(day, 100)?, two(day, 1)?, two(time, 10_000)?, two(time, 100)?, two(time, 1)?, 0)
            .ok()?;
    Some(Timestamp::from_seconds(TimeZone::UTC.to_timestamp(moment).ok()?.as_second()))
}

/// The moment of a `Date` header: the basic format, or an HTTP date (RFC 9110, 5.6.7; the preferred form).
pub(super) fn parse_date_header(text: &str) -> Option<Timestamp> {
    parse_amz_date(text)
        .or_else(|| Some(Timestamp::from_seconds(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second())))
}

/// A moment as ISO 8601 extended format in UTC, `2015-08-30T12:36:00Z`, as S3's errors print it.
pub(super) fn format_extended(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_format_goes_both_ways() {
        for (text, seconds) in
            [("20150830T123600Z", 1_440_938_160), ("19700101T000000Z", 0), ("20240229T235959Z", 1_709_251_199)]
        {
            assert_eq!(parse_amz_date(text), Some(Timestamp::from_seconds(seconds)), "{text}");
            assert_eq!(format_amz_date(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn anything_else_is_no_basic_date() {
        for text in [
            "",
            "Z",
            "T",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "20150830T1236001Z",
            "20151330T123600Z",
            "20150230T000000Z",
            "+0150830T123600Z",
            "２0150830T123600Z",
        ] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_header_may_be_an_http_date() {
        assert_eq!(parse_date_header("Fri, 24 May 2013 00:00:00 GMT"), Some(Timestamp::from_seconds(1_369_353_600)));
        assert_eq!(parse_date_header("yesterday"), None);
    }
}
