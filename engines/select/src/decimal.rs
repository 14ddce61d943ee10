//! Exact numbers of up to 38 digits, as SQL's DECIMAL has them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `units` times ten to the minus `scale`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal {
    units: i128,
    scale: u32,
}

/// Digits that an `i128` holds in any case.
pub(crate) const MAX_DIGITS: u32 = 38;
/// Digits behind the point that a division goes to.
const DIVISION: u32 = 18;

impl Decimal {
    pub(crate) fn new(units: i128, scale: u32) -> Option<Self> {
        (scale <= MAX_DIGITS).then_some(Self { units, scale })
    }

    /// Both with the larger of their scales.
    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.units_at(scale)?, other.units_at(scale)?, scale))
    }

    fn units_at(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(power(scale.checked_sub(self.scale)?)?)
    }

    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        Self::new(left.checked_add(right)?, scale)
    }

    pub(crate) fn negate(self) -> Option<Self> {
        Self::new(self.units.checked_neg()?, self.scale)
    }

    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        Self::new(self.units.checked_mul(other.units)?, self.scale + other.scale)
    }

    /// As exact as fits; `None` for a division by zero.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        let (left, right, _) = self.aligned(other)?;
        let mut digits = DIVISION;
        loop {
            if let Some(left) = power(digits).and_then(|power| left.checked_mul(power)) {
                return Some(Self { units: left.checked_div(right)?, scale: digits }.trimmed());
            }
            digits = digits.checked_sub(1)?;
        }
    }

    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        Self::new(left.checked_rem(right)?, scale)
    }

    /// Without zeros at the end.
    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.units % 10 == 0 {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Rounded half to even, to so many digits behind the point.
    pub(crate) fn rounded(self, scale: u32) -> Option<Self> {
        if scale >= self.scale {
            return Self::new(self.units_at(scale)?, scale);
        }
        let divisor = power(self.scale - scale)?;
        let (quotient, rest) = (self.units / divisor, (self.units % divisor).unsigned_abs());
        let half = divisor.unsigned_abs() / 2;
        let up = rest > half || (rest == half && quotient % 2 != 0);
        let units = if up { quotient + self.units.signum() } else { quotient };
        Self::new(units, scale)
    }

    /// Digits in all.
    pub(crate) fn digits(self) -> u32 {
        self.units.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
    }

    /// Without what is behind the point.
    pub(crate) fn whole(self) -> i128 {
        power(self.scale).map_or(0, |divisor| self.units / divisor)
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Compares with another; those too far apart to be aligned are compared as floats.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((left, right, _)) => left.cmp(&right),
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

fn power(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { units: value.into(), scale: 0 }
    }
}

/// Digits with a sign, a point and an exponent, each of which may be left out.
impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(drop)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(unsigned) || !digits(fraction) || unsigned.len() + fraction.len() == 0 {
            return Err(());
        }
        let units: i128 = format!("{whole}{fraction}").parse().map_err(drop)?;
        let scale = i32::try_from(fraction.len()).map_err(drop)?.checked_sub(exponent).ok_or(())?;
        let decimal = match u32::try_from(scale) {
            Ok(scale) => Self::new(units, scale),
            Err(_) => power(scale.unsigned_abs()).and_then(|power| Self::new(units.checked_mul(power)?, 0)),
        };
        decimal.ok_or(())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.units < 0 {
            f.write_str("-")?;
        }
        let digits = self.units.unsigned_abs().to_string();
        let scale = self.scale as usize;
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
        f.write_str(whole)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn text_and_back() {
        for text in ["0", "1", "-1", "1.50", "-0.05", "0.001", "12345678901234567890123456789.012345678"] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("1.5e2").to_string(), "150");
        assert_eq!(decimal("15e-3").to_string(), "0.015");
        for text in ["", "-", ".", "1.2.3", "1x", "1e", "1e99", "1-1", "+-1"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn calculation() {
        assert_eq!(decimal("1.5").add(decimal("2.25")).unwrap().to_string(), "3.75");
        assert_eq!(decimal("1.5").multiply(decimal("-2.0")).unwrap().to_string(), "-3.00");
        assert_eq!(decimal("1").divide(decimal("4")).unwrap().to_string(), "0.25");
        assert_eq!(decimal("1").divide(decimal("3")).unwrap().to_string(), "0.333333333333333333");
        assert!(decimal("1").divide(decimal("0.0")).is_none());
        assert_eq!(decimal("2.5").rounded(0).unwrap().to_string(), "2");
        assert_eq!(decimal("-3.5").rounded(0).unwrap().to_string(), "-4");
        assert_eq!(decimal("2.345").rounded(5).unwrap().to_string(), "2.34500");
        assert_eq!(decimal("1.0").compare(decimal("1")), Ordering::Equal);
        assert_eq!(decimal("7.5").remainder(decimal("2")).unwrap().to_string(), "1.5");
        assert_eq!(decimal("-7.9").whole(), -7);
    }
}
