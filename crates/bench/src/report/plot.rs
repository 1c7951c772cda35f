//! Plots as SVG: how each figure stands to its goal, and how costs grow.

use super::{Bound, Curve, Figure};

/// One bar for each figure: the part of its goal that was reached. The line is the goal; beyond it is better.
pub(super) fn bars(figures: &[&Figure]) -> String {
    let goals: Vec<(&str, f64)> = figures
        .iter()
        .filter_map(|figure| {
            let goal = figure.goals.first()?;
            let reached = match goal.bound {
                Bound::AtLeast(bound) => goal.value / bound,
                Bound::AtMost(bound) => bound / goal.value,
            };
            Some((figure.name.as_str(), reached))
        })
        .collect();
    let height = 50.0 + 22.0 * goals.len() as f64;
    let mut svg = head(height, "How much of each goal was reached");
    let goal_at = LEFT + BAR_OF_GOAL;
    for (row, (name, reached)) in goals.iter().enumerate() {
        let y = 40.0 + 22.0 * row as f64;
        let color = if *reached >= 1.0 { GOOD } else { BAD };
        let width = (reached * BAR_OF_GOAL).min(RIGHT - LEFT);
        svg.push_str(&label(LEFT - 8.0, y + 12.0, "end", name));
        svg.push_str(&format!("<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"16\" fill=\"{color}\"/>\n"));
        svg.push_str(&label(LEFT + width + 6.0, y + 12.0, "start", &format!("{reached:.2}")));
    }
    let bottom = height - 6.0;
    svg.push_str(&format!("<path d=\"M{goal_at} 34V{bottom}\" stroke=\"{INK}\" stroke-dasharray=\"3 3\"/>\n"));
    svg.push_str("</svg>\n");
    svg
}

/// One line for each curve: the multiple of the cost, over the count on a logarithmic scale.
pub(super) fn curves(curves: &[(&str, &Curve)]) -> String {
    let mut svg = head(HEIGHT, "Cost, as a multiple of the cost at the smallest size");
    let (top, bottom) = (44.0, HEIGHT - 40.0);
    let x = |count: u32| LEFT + (RIGHT - LEFT) * f64::from(count.max(1)).log10() / DECADES;
    let y = |multiple: f64| bottom - (bottom - top) * (multiple / HIGHEST).min(1.0);
    for multiple in [0.0, 0.5, 1.0, 1.3, 1.5, 2.0] {
        let (line, dashes) = (y(multiple), if multiple == 1.3 { "6 3" } else { "1 3" });
        svg.push_str(&format!(
            "<path d=\"M{LEFT} {line:.1}H{RIGHT}\" stroke=\"{INK}\" stroke-width=\"0.7\" stroke-dasharray=\"{dashes}\"/>\n"
        ));
        svg.push_str(&label(LEFT - 8.0, line + 4.0, "end", &format!("{multiple}")));
    }
    for decade in 0..=6 {
        let count = 10_u32.pow(decade);
        svg.push_str(&label(x(count), bottom + 18.0, "middle", &count.to_string()));
    }
    for ((name, curve), (color, row)) in curves.iter().zip(COLORS.iter().cycle().zip(0_u8..)) {
        let points: Vec<String> =
            curve.points.iter().map(|(count, multiple)| format!("{:.1},{:.1}", x(*count), y(*multiple))).collect();
        svg.push_str(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>\n",
            points.join(" ")
        ));
        let text = format!("{name} (count of {})", curve.of);
        svg.push_str(&format!(
            "<g fill=\"{color}\">{}</g>\n",
            label(LEFT + 12.0, bottom - 8.0 - 16.0 * f64::from(row), "start", &text)
        ));
    }
    svg.push_str("</svg>\n");
    svg
}

fn head(height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <g font-size=\"14\" fill=\"{INK}\">{}</g>\n",
        label(12.0, 22.0, "start", title)
    )
}

fn label(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 220.0;
const RIGHT: f64 = 760.0;
/// How long the bar of a figure is that reaches its goal exactly.
const BAR_OF_GOAL: f64 = 270.0;
/// The scale ends at a million.
const DECADES: f64 = 6.0;
/// The largest multiple that is drawn.
const HIGHEST: f64 = 2.0;
const INK: &str = "#444444";
const GOOD: &str = "#3a7d5c";
const BAD: &str = "#b5563c";
const COLORS: [&str; 4] = ["#3a7d5c", "#3b6ea5", "#b5563c", "#7a5ca0"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Spread;

    #[test]
    fn bars_stand_at_the_part_of_the_goal_that_was_reached() {
        let ours = Spread::single(30.0);
        let half = Figure::against("rate", "1/s", ours, ("of it", Spread::single(100.0)), Bound::AtLeast(0.6));
        let double = Figure::alone("memory", "MB", ours, "MB", Bound::AtMost(60.0));
        let svg = bars(&[&half, &double]);
        assert!(svg.contains("width=\"135.0\" height=\"16\" fill=\"#b5563c\""), "{svg}");
        assert!(svg.contains("width=\"540.0\" height=\"16\" fill=\"#3a7d5c\""), "{svg}");
    }

    #[test]
    fn curves_begin_at_one() {
        let curve = Curve { of: "devices", points: vec![(1, 1.0), (1_000_000, 2.0)] };
        let svg = curves(&[("check & log", &curve)]);
        assert!(svg.contains("points=\"220.0,192.0 760.0,44.0\""), "{svg}");
        assert!(svg.contains("check &amp; log"), "{svg}");
    }
}
