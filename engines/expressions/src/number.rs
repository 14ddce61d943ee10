//! Numbers: exact decimals of up to 38 digits, as the Developer Guide has them in "Supported data types", "Number".

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Invalid;

/// Most significant digits.
const MAX_DIGITS: u32 = 38;
/// The least power of ten above all mantissas.
const BEYOND: u128 = 10u128.pow(MAX_DIGITS);
/// The power of ten of the first digit is between these.
const LEAST: i32 = -130;
const MOST: i32 = 125;

const NOT_A_NUMBER: &str = "The parameter cannot be converted to a numeric value";
const TOO_PRECISE: &str = "Attempting to store more than 38 significant digits in a Number";
const OVERFLOW: &str = "Number overflow. Attempting to store a number with magnitude larger than supported range";
const UNDERFLOW: &str = "Number underflow. Attempting to store a number with magnitude smaller than supported range";

/// `mantissa` times ten to the `exponent`. The mantissa has no zeros at its end, and zero is all zero: equal numbers have equal fields.
///
/// Packed, as items have many of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed(8))]
pub struct Number {
    negative: bool,
    mantissa: u128,
    exponent: i16,
}

impl Number {
    /// 0.
    pub const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };

    /// From a mantissa below 10^39 or so and any exponent; fails where that is no number of DynamoDB's.
    fn new(negative: bool, mut mantissa: u128, mut exponent: i32, imprecise: &str) -> Result<Self, Invalid> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        while mantissa.is_multiple_of(10) {
            mantissa /= 10;
            exponent = exponent.saturating_add(1);
        }
        let first = exponent.saturating_add(mantissa.ilog10() as i32);
        if first > MOST {
            return Err(Invalid::new(OVERFLOW));
        }
        if first < LEAST {
            return Err(Invalid::new(UNDERFLOW));
        }
        if mantissa >= BEYOND {
            return Err(Invalid::new(imprecise));
        }
        let exponent = i16::try_from(exponent).map_err(|_| Invalid::new(OVERFLOW))?;
        Ok(Self { negative, mantissa, exponent })
    }

    /// The exact sum. Fails with AWS's message for an overflow where it is out of range or has more than 38 digits.
    pub fn plus(self, other: Self) -> Result<Self, Invalid> {
        if self.mantissa == 0 {
            return Ok(other);
        }
        if other.mantissa == 0 {
            return Ok(self);
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        // Where the product is beyond 128 bits, so is the sum beyond 38 digits: the low one changes at most the 38th, and ends in another digit than 0.
        let overflow = || Invalid::new(OVERFLOW);
        let shift = u32::from(high.exponent.abs_diff(low.exponent));
        let raised =
            10u128.checked_pow(shift).and_then(|power| high.mantissa.checked_mul(power)).ok_or_else(overflow)?;
        let (negative, mantissa) = if high.negative == low.negative {
            (high.negative, raised.checked_add(low.mantissa).ok_or_else(overflow)?)
        } else if raised >= low.mantissa {
            (high.negative, raised - low.mantissa)
        } else {
            (low.negative, low.mantissa - raised)
        };
        Self::new(negative, mantissa, low.exponent.into(), OVERFLOW)
    }

    /// The exact difference; fails as [`Number::plus`] does.
    pub fn minus(self, other: Self) -> Result<Self, Invalid> {
        self.plus(-other)
    }

    /// Digits of the mantissa.
    fn digits(&self) -> u32 {
        self.mantissa.checked_ilog10().map_or(0, |log| log + 1)
    }

    /// The power of ten of the first digit.
    fn first(&self) -> i32 {
        i32::from(self.exponent) + self.digits() as i32 - 1
    }

    /// Bytes that the number counts for: one, one more for every two significant digits before the point and for every two behind it, and
    /// one for a minus. The Developer Guide leaves the point and the minus out; the limit of 400 KB counts them.
    pub fn size(&self) -> usize {
        let digits = self.digits();
        let behind = u32::from(self.exponent.min(0).unsigned_abs()).min(digits);
        let pairs = (digits - behind).div_ceil(2) + behind.div_ceil(2);
        1 + pairs as usize + usize::from(self.negative)
    }

    /// Appends bytes that compare as the numbers do; equal numbers have the same.
    ///
    /// | Number | Bytes |
    /// |---|---|
    /// | 0 | `01` |
    /// | positive | `02`, the power of ten of the first digit plus 130, then one more than each pair of digits, the last filled up with 0 |
    /// | negative | `00`, the inverted bytes of the magnitude behind its `02`, then `FF` |
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.mantissa == 0 {
            out.push(1);
            return;
        }
        let flip = if self.negative { 0xFF } else { 0 };
        out.push(if self.negative { 0 } else { 2 });
        out.push(u8::try_from(self.first() - LEAST).unwrap_or(u8::MAX) ^ flip);
        let mut rest = self.mantissa;
        let mut digits = self.digits();
        if digits % 2 == 1 {
            // No more than 39 digits, and those of a mantissa of 37 at most are fewer.
            rest *= 10;
            digits += 1;
        }
        while digits > 0 {
            digits -= 2;
            let power = 10u128.pow(digits);
            out.push(((rest / power) as u8 + 1) ^ flip);
            rest %= power;
        }
        if self.negative {
            out.push(0xFF);
        }
    }

    /// The whole number that it is, if it is one and fits.
    pub fn to_u64(&self) -> Option<u64> {
        if self.negative || self.exponent < 0 {
            return None;
        }
        let power = 10u128.checked_pow(self.exponent.unsigned_abs().into())?;
        self.mantissa.checked_mul(power)?.try_into().ok()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let (left, right) = (self.first(), other.first());
        left.cmp(&right).then_with(|| {
            // Both have the same first power; the one with fewer digits is filled up, to 38 at most.
            let fill = |number: &Self, to: u32| number.mantissa * 10u128.pow(to - number.digits());
            let digits = self.digits().max(other.digits());
            fill(self, digits).cmp(&fill(other, digits))
        })
    }
}

impl Neg for Number {
    type Output = Self;

    fn neg(self) -> Self {
        Self { negative: !self.negative && self.mantissa != 0, ..self }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let (mut mantissa, mut exponent) = (u128::from(value), 0);
        while mantissa != 0 && mantissa.is_multiple_of(10) {
            mantissa /= 10;
            exponent += 1;
        }
        Self { negative: false, mantissa, exponent }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| if number.mantissa == 0 { 0 } else { 1 - 2 * i32::from(number.negative) };
        let (left, right) = (sign(self), sign(other));
        match left.cmp(&right) {
            Ordering::Equal if left > 0 => self.magnitude(other),
            Ordering::Equal if left < 0 => other.magnitude(self),
            order => order,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a text says before anything is known of its range: sign, digits without zeros around them, power of ten of the last.
struct Written {
    negative: bool,
    mantissa: u128,
    /// Significant digits, those that the mantissa has no room for included.
    digits: u64,
    exponent: i64,
}

/// A sign, digits with at most one point among them, and an exponent; `None` for all else.
fn read(text: &str) -> Option<Written> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, read_exponent(exponent)?),
        None => (text, 0),
    };
    let mut written = Written { negative, mantissa: 0, digits: 0, exponent };
    // Zeros that count only if another digit follows.
    let (mut zeros, mut any, mut point) = (0u32, false, false);
    for byte in digits.bytes() {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                any = true;
                written.exponent -= i64::from(point);
                if byte == b'0' {
                    zeros += u32::from(written.digits > 0);
                    continue;
                }
                written.digits += u64::from(zeros) + 1;
                if written.digits <= u64::from(MAX_DIGITS) {
                    written.mantissa = written.mantissa * 10u128.pow(zeros + 1) + u128::from(byte - b'0');
                }
                zeros = 0;
            }
            _ => return None,
        }
    }
    written.exponent += i64::from(zeros);
    any.then_some(written)
}

/// Bounded, so that sums with it do not overflow.
fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = digits.bytes().fold(0i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some(if negative { -value } else { value })
}

impl FromStr for Number {
    type Err = Invalid;

    /// Reads what a client sent. A text with more than 38 significant digits and one out of range are refused with AWS's messages.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new(NOT_A_NUMBER));
        }
        let Some(written) = read(text) else { return Err(Invalid::new(format!("{NOT_A_NUMBER}: {text}"))) };
        if written.digits == 0 {
            return Ok(Self::ZERO);
        }
        let first = written.exponent.saturating_add_unsigned(written.digits) - 1;
        if first > i64::from(MOST) {
            return Err(Invalid::new(OVERFLOW));
        }
        if first < i64::from(LEAST) {
            return Err(Invalid::new(UNDERFLOW));
        }
        if written.digits > u64::from(MAX_DIGITS) {
            return Err(Invalid::new(TOO_PRECISE));
        }
        let exponent = i32::try_from(written.exponent).map_err(|_| Invalid::new(UNDERFLOW))?;
        Self::new(written.negative, written.mantissa, exponent, TOO_PRECISE)
    }
}

impl fmt::Display for Number {
    /// Plain decimal, without an exponent and without zeros that say nothing: as DynamoDB answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let behind = usize::from(self.exponent.min(0).unsigned_abs());
        if behind == 0 {
            write!(f, "{}", { self.mantissa })?;
            return (0..self.exponent).try_for_each(|_| f.write_str("0"));
        }
        let power = u32::try_from(behind).ok().and_then(|behind| 10u128.checked_pow(behind)).unwrap_or(u128::MAX);
        write!(f, "{}.{:0behind$}", self.mantissa / power, self.mantissa % power)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.exponent.unsigned_abs() < 8 {
            return serializer.collect_str(self);
        }
        let sign = if self.negative { "-" } else { "" };
        serializer.collect_str(&format_args!("{sign}{}e{}", { self.mantissa }, { self.exponent }))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a number")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
