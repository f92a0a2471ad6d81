//! The recovery points as a picture: a row for each machine, a mark for each point, sets joined across their
//! members, and what would be chosen with its loss. Subjects, forecast and inventory in; one SVG out, which
//! stands alone and stays small however many points there are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::choice::{Choice, Outcome, Pick};
use super::forecast::Forecast;
use super::subject::{Member, Subject, timeline};
use super::text::kind_words;
use crate::base::Timestamp;
use crate::base::axis::Axis;
use crate::base::limits::{PICTURE_MACHINES_MAX, PICTURE_POINTS_MAX};
use crate::base::time::format_loss;
use crate::base::words::{clip, count, escaped};
use crate::inventory::{Inventory, Point, PointKind, Symbol};
use crate::model::LadderEnd;

/// Room for the names, for the line of time, and for what each machine loses.
const NAMES: f64 = 180.0;
const WIDTH: f64 = 820.0;
const SAID: f64 = 210.0;
/// Between the line of time and what stands beside it.
const GAP: f64 = 14.0;
const EDGE: f64 = 12.0;
/// Above the rows: the legend and the labels of the lines.
const ABOVE: f64 = 62.0;
/// Below them: two lines of marks, and what is left out.
const BELOW: f64 = 62.0;
const ROW: f64 = 22.0;
/// Letters of a name before it is cut; the whole one is in the title.
const NAME_MAX: usize = 24;
const SAID_MAX: usize = 30;
const HEADING_MAX: usize = 130;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1b1f24}.group{font-weight:600}.name{text-anchor:end}\
.quiet,.tick{fill:#57606a}.tick{text-anchor:middle;font-size:11px}.ground{fill:#f4f6f8}.grid{stroke:#dfe3e8}\
.set{fill:none;stroke:#b4bcc6}.set.chosen{stroke:#1a7f37;stroke-width:2}.line{stroke:#d5dae0}\
.loss{stroke:#c2372e;stroke-width:3;stroke-opacity:.45}.ring{fill:none;stroke:#1a7f37;stroke-width:2}\
.crash{fill:#57606a}.app{fill:#2f6fb3}.final{fill:#8250df}.pending{fill:#fff;stroke:#57606a;stroke-width:1.5}\
.unusable{fill:#fff;stroke:#c2372e}.cross{stroke:#c2372e;stroke-width:1.6}\
.now{stroke:#1b1f24;stroke-dasharray:5 3}.lost{stroke:#c2372e;stroke-width:2}";

/// Draws a mark around a place.
type Mark = fn(f64, f64) -> String;

/// A machine's line in the picture.
struct Row<'a> {
    member: &'a Member,
    /// Newest first; what is drawn of them.
    points: Vec<&'a Point>,
    pick: Option<&'a Pick>,
    /// Its middle.
    y: f64,
}

/// A group, or a machine that is in none.
struct Band<'a> {
    subject: &'a Subject,
    outcome: &'a Outcome,
    /// Of its heading.
    y: f64,
    rows: Vec<Row<'a>>,
}

struct Picture<'a> {
    inventory: &'a Inventory,
    reference: Timestamp,
    bands: Vec<Band<'a>>,
    axis: Axis,
    from: Timestamp,
    bottom: f64,
    machines_left_out: usize,
    points_left_out: usize,
    out: String,
}

/// Draws what `forecast` came to for `subjects`, over the points of `inventory`.
#[must_use]
pub fn svg(subjects: &[Subject], forecast: &Forecast, inventory: &Inventory) -> String {
    let mut picture = Picture::laid_out(subjects, forecast, inventory);
    picture.draw();
    picture.out
}

/// The newest points of a machine, at most `most`, and the one it would go to.
fn drawn<'a>(points: &'a [Point], pick: Option<&Pick>, inventory: &Inventory, most: usize) -> Vec<&'a Point> {
    let chosen = |point: &Point| pick.is_some_and(|pick| inventory.text(point.id) == pick.point);
    let newest = points.iter().take(most);
    newest.chain(points.iter().skip(most).filter(|point| chosen(point))).collect()
}

impl<'a> Picture<'a> {
    fn laid_out(subjects: &'a [Subject], forecast: &'a Forecast, inventory: &'a Inventory) -> Self {
        let machines: usize = subjects.iter().map(|subject| subject.members.len()).sum();
        let shown = machines.min(PICTURE_MACHINES_MAX);
        let most = PICTURE_POINTS_MAX.checked_div(shown).unwrap_or(0).max(1);
        let (mut room, mut y, mut points_left_out) = (shown, ABOVE, 0);
        let mut bands = Vec::new();
        for (subject, outcome) in subjects.iter().zip(&forecast.outcomes) {
            if room == 0 {
                break;
            }
            let heading = y + ROW / 2.0;
            y += if subject.group { ROW } else { 0.0 };
            let mut rows = Vec::new();
            for member in subject.members.iter().take(room) {
                let pick = outcome.choice().and_then(|it| it.picks.iter().find(|pick| pick.vm == member.vm));
                let all = timeline(member, inventory);
                let points = drawn(all, pick, inventory, most);
                points_left_out += all.len() - points.len();
                rows.push(Row { member, points, pick, y: y + ROW / 2.0 });
                y += ROW;
            }
            room -= rows.len();
            y += ROW / 3.0;
            bands.push(Band { subject, outcome, y: heading, rows });
        }
        let instants = || bands.iter().flat_map(|band| &band.rows).flat_map(|row| &row.points);
        let last = inventory.now.max(forecast.reference);
        let from = instants().map(|point| point.at).min().unwrap_or(last).min(forecast.reference);
        let to = instants().map(|point| point.at).max().unwrap_or(last).max(last);
        // Nothing is folded: how far apart points lie is what the picture is for.
        let axis = Axis::new(from, to, vec![(from, to)], WIDTH);
        Self {
            inventory,
            reference: forecast.reference,
            bands,
            axis,
            from,
            bottom: y,
            machines_left_out: machines - shown,
            points_left_out,
            out: String::new(),
        }
    }

    fn x(&self, at: Timestamp) -> f64 {
        EDGE + NAMES + GAP + self.axis.x(at)
    }

    /// Writing to a text cannot fail.
    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        self.out.write_fmt(line).unwrap_or_default();
        self.out.push('\n');
    }

    fn draw(&mut self) {
        let (width, height) = (NAMES + WIDTH + SAID + 2.0 * (EDGE + GAP), self.bottom + BELOW);
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">"
        ));
        let machines: usize = self.bands.iter().map(|band| band.rows.len()).sum();
        self.put(format_args!(
            "<title>Recovery points of {}</title>\n<style>{STYLE}</style>\n<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>",
            count(machines, "machine")
        ));
        self.legend();
        self.ticks();
        let bands = std::mem::take(&mut self.bands);
        for band in &bands {
            self.band(band);
        }
        self.bands = bands;
        self.lines();
        self.left_out();
        self.out.push_str("</svg>\n");
    }

    fn legend(&mut self) {
        let entries: [(Mark, &str); 6] = [
            (|x, y| shape(PointKind::Crash, "crash", x, y), kind_words(PointKind::Crash)),
            (|x, y| shape(PointKind::App, "app", x, y), kind_words(PointKind::App)),
            (|x, y| shape(PointKind::Final, "final", x, y), kind_words(PointKind::Final)),
            (|x, y| shape(PointKind::Crash, "pending", x, y), "not yet processed"),
            (|x, y| unusable(PointKind::Crash, x, y), "not usable"),
            (ring, "would be chosen"),
        ];
        let (mut x, y) = (EDGE + 8.0, EDGE + 8.0);
        for (mark, word) in entries {
            self.put(format_args!(
                "{}<text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
                mark(x, y),
                x + 11.0,
                y + 4.0
            ));
            // Wide enough for any font.
            x += 36.0 + 7.0 * word.chars().map(|_| 1.0).sum::<f64>();
        }
    }

    /// Round times of day in UTC, with the day below where it changes.
    fn ticks(&mut self) {
        const DAY: i64 = 86_400_000_000_000;
        let nanos = self.from.as_nanos();
        let midnight = Timestamp::from_nanos(nanos.saturating_sub(nanos.rem_euclid(DAY)));
        let bottom = self.bottom;
        let mut day = String::new();
        for (_, since) in self.axis.marks(midnight) {
            let at = midnight.plus(since);
            if at < self.from {
                continue;
            }
            let (x, text) = (self.x(at), at.to_string());
            let (date, time) = text.split_once('T').unwrap_or((&text, ""));
            let time = time.trim_end_matches('Z');
            let time = time.strip_suffix(":00").unwrap_or(time);
            self.put(format_args!(
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{ABOVE:.1}\" y2=\"{bottom:.1}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{time}</text>",
                bottom + 15.0
            ));
            if day != date {
                self.put(format_args!(
                    "<text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{date}</text>",
                    bottom + 29.0
                ));
                date.clone_into(&mut day);
            }
        }
    }

    fn band(&mut self, band: &Band<'_>) {
        if band.subject.group {
            let what = outcome_words(band.outcome);
            let words = format!("{}: {what}", clip(&band.subject.name, NAME_MAX));
            let full = format!("{}: {what}", band.subject.name);
            let (top, wide) = (band.y - ROW / 2.0, NAMES + WIDTH + SAID + 2.0 * GAP);
            self.put(format_args!(
                "<rect class=\"ground\" x=\"{EDGE:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{ROW:.1}\"/><text class=\"group\" x=\"{:.1}\" y=\"{:.1}\">{}<title>{}</title></text>",
                EDGE + 6.0,
                band.y + 4.0,
                escaped(&clip(&words, HEADING_MAX)),
                escaped(&full)
            ));
            self.sets(band);
        }
        for row in &band.rows {
            self.row(band, row);
        }
    }

    /// Each set as one line through the points of its members.
    fn sets(&mut self, band: &Band<'_>) {
        let mut sets: BTreeMap<Symbol, Vec<(f64, f64)>> = BTreeMap::new();
        for row in &band.rows {
            for point in &row.points {
                if let Some(set) = point.set {
                    sets.entry(set).or_default().push((self.x(point.at), row.y));
                }
            }
        }
        let chosen = band.outcome.choice().and_then(|choice| choice.set.as_deref());
        for (set, places) in sets.iter().filter(|(_, places)| places.len() > 1) {
            let name = self.inventory.text(*set);
            let class = if chosen == Some(name) { "set chosen" } else { "set" };
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let members = format!("{} of {}", places.len(), count(band.subject.members.len(), "machine"));
            self.put(format_args!(
                "<path class=\"{class}\" d=\"M{}\"><title>set {}: {members}</title></path>",
                path.join("L"),
                escaped(name)
            ));
        }
    }

    fn row(&mut self, band: &Band<'_>, row: &Row<'_>) {
        let (y, name) = (row.y, row.member.name.as_str());
        let (left, right) = (EDGE + NAMES + GAP, EDGE + NAMES + GAP + WIDTH);
        self.put(format_args!(
            "<line class=\"line\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}<title>{}</title></text>",
            EDGE + NAMES,
            y + 4.0,
            escaped(&clip(name, NAME_MAX)),
            escaped(name)
        ));
        let said = match row.pick {
            Some(pick) => {
                let (begin, end) = (self.x(pick.at), self.x(self.reference));
                if end > begin {
                    self.put(format_args!(
                        "<line class=\"loss\" x1=\"{begin:.1}\" x2=\"{end:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
                    ));
                }
                format!("{}, loses {}", clip(&pick.point, SAID_MAX - 14), format_loss(pick.loss))
            }
            None if row.points.is_empty() => "has no recovery points".to_owned(),
            None if row.points.iter().all(|point| !point.usable) => "has no usable point".to_owned(),
            None if band.subject.group => "nothing chosen".to_owned(),
            None => outcome_words(band.outcome),
        };
        for point in &row.points {
            self.point(point, row);
        }
        let x = right + GAP;
        self.put(format_args!(
            "<text class=\"quiet\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            escaped(&clip(&said, SAID_MAX))
        ));
    }

    fn point(&mut self, point: &Point, row: &Row<'_>) {
        let (x, y, id) = (self.x(point.at), row.y, self.inventory.text(point.id));
        let mut mark = match (point.usable, point.processed) {
            (false, _) => unusable(point.kind, x, y),
            (true, false) => shape(point.kind, "pending", x, y),
            (true, true) => shape(point.kind, kind_class(point.kind), x, y),
        };
        let mut said = format!("{id}, {}, {}", point.at, kind_words(point.kind));
        if !point.usable {
            said.push_str(", not usable");
        }
        if !point.processed {
            said.push_str(", not yet processed");
        }
        if let Some(pick) = row.pick.filter(|pick| pick.point == id) {
            mark.push_str(&ring(x, y));
            write!(said, ", would be chosen, loses {}", format_loss(pick.loss)).unwrap_or_default();
        }
        self.put(format_args!("<g><title>{}</title>{mark}</g>", escaped(&said)));
    }

    /// Now, and where it is another instant, the loss.
    fn lines(&mut self) {
        let (now, reference) = (self.inventory.now, self.reference);
        let mut line = |at: Timestamp, class: &str, word: &str, above: f64| {
            let (x, bottom) = (self.x(at), self.bottom);
            self.put(format_args!(
                "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/><text text-anchor=\"end\" x=\"{:.1}\" y=\"{above:.1}\">{word} {}</text>",
                above - 9.0,
                x - 4.0,
                at.whole_second()
            ));
        };
        line(now, "now", "now", ABOVE - 6.0);
        if reference != now {
            line(reference, "lost", "lost at", ABOVE - 20.0);
        }
    }

    fn left_out(&mut self) {
        let mut said = Vec::new();
        if self.machines_left_out > 0 {
            said.push(format!("{} more", count(self.machines_left_out, "machine")));
        }
        if self.points_left_out > 0 {
            said.push(count(self.points_left_out, "older point"));
        }
        if !said.is_empty() {
            let verb = if self.machines_left_out + self.points_left_out == 1 { "is" } else { "are" };
            let y = self.bottom + 50.0;
            self.put(format_args!(
                "<text class=\"quiet\" x=\"{:.1}\" y=\"{y:.1}\">{} {verb} not drawn</text>",
                EDGE + 6.0,
                said.join(" and ")
            ));
        }
    }
}

/// What came of a ladder, in a line.
fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Chosen(choice) => chosen_words(choice),
        Outcome::NotChosen(no_choice) => match no_choice.end {
            LadderEnd::Ask => "a person has to choose".to_owned(),
            LadderEnd::Fail => "no point, the run is refused".to_owned(),
        },
    }
}

fn chosen_words(choice: &Choice) -> String {
    let what = choice.set.as_ref().map_or_else(|| "points".to_owned(), |set| format!("set {set}"));
    format!("{what} by {}, loses {}", choice.policy, format_loss(choice.loss()))
}

const fn kind_class(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Crash => "crash",
        PointKind::App => "app",
        PointKind::Final => "final",
    }
}

/// Told apart by shape first: a circle, a square, a triangle.
fn shape(kind: PointKind, class: &str, x: f64, y: f64) -> String {
    match kind {
        PointKind::Crash => format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
        PointKind::App => format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"/>",
            x - 4.0,
            y - 4.0
        ),
        PointKind::Final => format!("<path class=\"{class}\" d=\"M{x:.1} {:.1}l5 9h-10z\"/>", y - 5.5),
    }
}

/// Hollow and crossed out.
fn unusable(kind: PointKind, x: f64, y: f64) -> String {
    let cross = format!("<path class=\"cross\" d=\"M{:.1} {:.1}l10 10m0 -10l-10 10\"/>", x - 5.0, y - 5.0);
    shape(kind, "unusable", x, y) + &cross
}

fn ring(x: f64, y: f64) -> String {
    format!("<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\"/>")
}
