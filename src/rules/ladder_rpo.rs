//! MP0318: a rung that may land on a point older than the RPO without anybody having said so. A later
//! rung that names its own `max_age` was written for the day when the better ones do not hold: the
//! preview says what it would lose, and this rule leaves it alone.

use crate::base::time::format_duration;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some((objective, rpo)) = context.plan.objective.as_ref().and_then(|o| Some((o, o.rpo?))) else {
        return;
    };
    for (span, ladder, _) in context.ladders() {
        let broken = ladder.rungs.iter().enumerate().find(|(index, rung)| match rung.max_age {
            Some(age) => *index == 0 && age > rpo,
            // Without an age a policy that passes newer points by may go back as far as there are points.
            None => rung.kind.is_common() || rung.kind.needs_app(),
        });
        let Some((_, rung)) = broken else { continue };
        let message = match rung.max_age {
            Some(age) => format!(
                "`{rung}` accepts points up to {} old, and the `rpo` is {}",
                format_duration(age),
                format_duration(rpo)
            ),
            None => format!("`{rung}` accepts points of any age, and the `rpo` is {}", format_duration(rpo)),
        };
        found.push(
            Diagnostic::warning(codes::LADDER_RPO, message, span).at(objective.span, "promised here").help(
                match rung.max_age {
                    Some(_) => format!(
                        "write `max_age = {}` or less; an older point may be a further rung of the ladder",
                        format_duration(rpo)
                    ),
                    None => format!("give it a `max_age`, such as `max_age = {}`", format_duration(rpo)),
                },
            ),
        );
    }
}
