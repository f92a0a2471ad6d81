//! MP04xx: recovery points that cannot be chosen.

use super::codes;

codes! {
    NO_POINT_FITS = "MP0401", "no recovery point satisfies the policy", "\
Every rung of the `point` ladder was tried and none holds, and the ladder ends in `fail`. The message names the \
candidate that came closest and the machines that refuse it; `muster points PLAN` shows every candidate.

    point = common_app(max_age = 1h)             fails when no such set is an hour old or less
    point = [common_app(max_age = 1h), common, ask]         steps down, and asks in the end

Add a rung, or choose for one run with `--point db=common`, or leave the blamed machine out with `--without`.
";
    NO_USABLE_POINT = "MP0402", "machine has no usable recovery point", "\
A machine without a single usable point cannot be recovered, whatever the policy. All such machines are named \
together. A machine that has just been protected again has no point until its first replication is done.

Wait for the first point, or leave the machine out with `--without VM`, which lists what depends on it.
";
    NOT_ALIGNED = "MP0403", "groups cannot be aligned", "\
`align` asks for common points of several groups that lie near one another in time. No choice of common points \
lies within the distance given. The help names the fewest machines without which one would.

    align [orders, stock] { within = 1s }      fails when their sets are taken 20 s apart
    align [orders, stock] { within = 30s }

Only `common` and `common_app` can be aligned. Aligned points are near in time, not write-order consistent.
";
}
