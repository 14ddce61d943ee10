use std::str::FromStr;

use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    Number::from_str(text).unwrap()
}

fn bytes(number: &Number) -> Vec<u8> {
    let mut out = Vec::new();
    number.encode(&mut out);
    out
}

#[test]
fn numbers_are_small() {
    assert_eq!((size_of::<Number>(), align_of::<Number>()), (24, 8));
}

#[test]
fn numbers_are_printed_plain() {
    for (text, printed) in [
        ("1.0", "1"),
        ("007", "7"),
        ("+1.50", "1.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("-0.0", "0"),
        ("0e5", "0"),
        ("0e999", "0"),
        ("1e3", "1000"),
        ("1.23E+4", "12300"),
        ("123e-2", "1.23"),
        ("1e-20", "0.00000000000000000001"),
        ("3.1415926535897932384626433832795028841", "3.1415926535897932384626433832795028841"),
        ("1234e-40", "0.0000000000000000000000000000000000001234"),
    ] {
        assert_eq!(number(text).to_string(), printed, "{text}");
    }
    assert_eq!(number("1e125").to_string(), format!("1{}", "0".repeat(125)));
    assert_eq!(number("-1e-130").to_string(), format!("-0.{}1", "0".repeat(129)));
}

#[test]
fn refusals_have_the_words_of_aws() {
    for text in ["NaN", "Infinity", "-dog", " 1", "1 ", "1e", "e5", ".", "1.2.3", "1e5.0", "--1", "+-1", "0x10"] {
        assert_eq!(text.parse::<Number>().unwrap_err().message(), format!("{NOT_A_NUMBER}: {text}"));
    }
    assert_eq!("".parse::<Number>().unwrap_err().message(), NOT_A_NUMBER);
    for (text, message) in [
        ("1e126", OVERFLOW),
        ("-11e125", OVERFLOW),
        ("1e99999999999999999999999", OVERFLOW),
        ("1e-131", UNDERFLOW),
        ("0.9e-130", UNDERFLOW),
        ("1e-99999999999999999999999", UNDERFLOW),
        ("3.14159265358979323846264338327950288419", TOO_PRECISE),
    ] {
        assert_eq!(text.parse::<Number>().unwrap_err().message(), message, "{text}");
    }
    assert!(format!("{}1", "1".repeat(200)).parse::<Number>().is_err());
    assert_eq!(number(&format!("1{}", "0".repeat(125))), number("1e125"));
    assert_eq!(number("0.1e126"), number("1e125"));
}

#[test]
fn sums_are_exact_or_refused() {
    let sum = |left: &str, right: &str| number(left).plus(number(right));
    assert_eq!(sum("1", "10000000000000000000000").unwrap(), number("10000000000000000000001"));
    assert_eq!(sum("9e125", "9e124").unwrap(), number("9.9e125"));
    assert_eq!(sum("1e37", "-0.1").unwrap(), number("9999999999999999999999999999999999999.9"));
    for (left, right, message) in [
        ("9e125", "9e125", OVERFLOW),
        ("1e50", "1", OVERFLOW),
        ("1e50", "-1", OVERFLOW),
        ("1.5e-130", "-1.4e-130", UNDERFLOW),
    ] {
        assert_eq!(sum(left, right).unwrap_err().message(), message, "{left} + {right}");
    }
}

/// A number as an integer of many decimal digits: its value times 10^168.
fn plain(number: &Number) -> (bool, Vec<u8>) {
    let text = number.to_string();
    let (negative, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (whole, behind) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole:0>130}{behind:0<168}");
    (negative, digits.bytes().map(|digit| digit - b'0').collect())
}

fn compare((left_negative, left): &(bool, Vec<u8>), (right_negative, right): &(bool, Vec<u8>)) -> Ordering {
    match (left_negative, right_negative) {
        (false, false) => left.cmp(right),
        (true, true) => right.cmp(left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// The sum, digit by digit.
fn add(left: (bool, Vec<u8>), right: (bool, Vec<u8>)) -> (bool, Vec<u8>) {
    let (large, small) = if left.1 >= right.1 { (left, right) } else { (right, left) };
    let same = large.0 == small.0;
    let mut carry = 0i8;
    let mut digits = large.1;
    for (digit, other) in digits.iter_mut().rev().zip(small.1.iter().rev()) {
        let other = *other as i8 + carry;
        let value = *digit as i8 + if same { other } else { -other };
        carry = i8::from(!(0..10).contains(&value));
        *digit = value.rem_euclid(10) as u8;
    }
    let zero = digits.iter().all(|digit| *digit == 0);
    (large.0 && !zero, digits)
}

fn numbers() -> impl Strategy<Value = Number> {
    // Few digits and near exponents, too, so that equal ones and carries come up.
    let mantissa = prop_oneof![0u128..20, 0u128..BEYOND, (0u32..39).prop_map(|digits| 10u128.pow(digits) - 1)];
    let exponent = prop_oneof![-3i32..3, -40i32..40, -167i32..126];
    (any::<bool>(), mantissa, exponent).prop_filter_map("in range", |(negative, mantissa, exponent)| {
        Number::new(negative, mantissa, exponent, TOO_PRECISE).ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn order_is_numeric(left in numbers(), right in numbers()) {
        let order = compare(&plain(&left), &plain(&right));
        prop_assert_eq!(left.cmp(&right), order);
        prop_assert_eq!(bytes(&left).cmp(&bytes(&right)), order);
        prop_assert_eq!(left == right, order == Ordering::Equal);
    }

    #[test]
    fn text_and_storage_keep_numbers(value in numbers()) {
        prop_assert_eq!(number(&value.to_string()), value);
        let stored = rmp_serde::to_vec(&value).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<Number>(&stored).unwrap(), value);
    }

    #[test]
    fn sums_are_those_of_big_integers(left in numbers(), right in numbers()) {
        let expected = add(plain(&left), plain(&right));
        match left.plus(right) {
            Ok(sum) => prop_assert_eq!(plain(&sum), expected),
            Err(_) => {
                let start = expected.1.iter().position(|digit| *digit != 0).unwrap();
                let end = expected.1.iter().rposition(|digit| *digit != 0).unwrap();
                let power = 129 - start as i32;
                prop_assert!(end - start >= 38 || !(LEAST..=MOST).contains(&power));
            }
        }
        prop_assert_eq!(left.minus(right), left.plus(-right));
    }

    #[test]
    fn no_text_panics(text in "[+-]?[0-9.]{0,50}([eE][+-]?[0-9]{0,25})?") {
        let _ = text.parse::<Number>();
    }
}
