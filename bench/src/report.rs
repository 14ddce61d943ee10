//! What was measured, for people and for programs.

use serde::Serialize;

use crate::figures::Figure;
use crate::throughput::Comparison;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Requests a second.
    pub(crate) throughput: Vec<Comparison>,
    /// All else.
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// As tables.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{:<32} {:>10} {:>10} {:>7} {:>7} {:>9} {:>9} {:>8} {:>9}\n",
            "", "kumoi/s", "bare/s", "ratio", "target", "p50 µs", "p99 µs", "CPU µs", "RSS MiB"
        );
        for one in &self.throughput {
            text.push_str(&format!(
                "{:<32} {:>10.0} {:>10.0} {:>7.2} {:>7} {:>9} {:>9} {:>8.1} {:>9.1}{}\n",
                one.name,
                one.kumoi.per_second,
                one.bare.per_second,
                one.ratio,
                format!("≥ {}", one.target),
                one.kumoi.p50_micros,
                one.kumoi.p99_micros,
                one.kumoi.cpu_micros,
                one.kumoi.resident_kib as f64 / 1024.0,
                verdict(one.ratio >= one.target),
            ));
            text.push_str(&format!(
                "{:<32} {:>50} {:>9} {:>8.1} {:>9.1}\n",
                "  bare",
                one.bare.p50_micros,
                one.bare.p99_micros,
                one.bare.cpu_micros,
                one.bare.resident_kib as f64 / 1024.0,
            ));
        }
        text.push('\n');
        for one in &self.figures {
            let limit = one.limit.map(|limit| format!("≤ {limit}")).unwrap_or_default();
            let kept = one.limit.is_none_or(|limit| one.value <= limit);
            text.push_str(&format!(
                "{:<36} {:>10.2} {:<4} {limit:>6}{}\n",
                one.name,
                one.value,
                one.unit,
                verdict(kept)
            ));
        }
        text
    }
}

fn verdict(kept: bool) -> &'static str {
    if kept { "" } else { "  MISSED" }
}
