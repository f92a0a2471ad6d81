//! Large plans for benches and tests: a function of the number of machines and nothing else.

use std::fmt::Write as _;

/// Machines of one replication group.
const GROUP: usize = 4;

/// A plan of `machines` machines in groups of four and tiers of twenty groups, with chains, comments,
/// texts and calls as real plans have them. About 130 bytes a machine.
#[must_use]
pub(crate) fn plan(machines: usize) -> String {
    let mut out = String::with_capacity(machines * 140 + 1024);
    out.push_str(
        "use \"contoso.muster\"\n\n## Generated: the shape of a large estate.\nplan large {\n  \
         estate    = contoso\n  objective { rpo = 4h, rto = 8h, until = up00000 }\n  \
         limits    { power_on = 200, fail_over = 100 }\n  \
         network lan { avs = \"VLAN10\", azure = \"vnet/app\", test = \"vnet-bubble/app\" }\n\n",
    );
    let groups = machines.div_ceil(GROUP);
    for group in 0..groups {
        write_group(&mut out, group, GROUP.min(machines - group * GROUP));
    }
    write_order(&mut out, groups);
    out.push_str("}\n");
    out
}

fn write_group(out: &mut String, group: usize, machines: usize) {
    if group.is_multiple_of(20) {
        let _ = write!(out, "  # ---- rack {} ----\n\n", group / 20);
    }
    let _ = writeln!(out, "  ## Replicated together for service {group}.\n  group svc{group:05} {{");
    out.push_str("    point = [common_app(max_age = 1h), common(max_age = 4h), ask]\n");
    for machine in 0..machines {
        let number = group * GROUP + machine;
        let os = if number.is_multiple_of(3) { "windows" } else { "linux" };
        if machine == 0 {
            let (high, low) = (number / 250 % 250, number % 250 + 1);
            let _ = writeln!(
                out,
                "    vm m{number:06} {{ os = {os}, network = lan, address {{ azure = \"10.8.{high}.{low}\" }} }}"
            );
        } else {
            let _ = writeln!(
                out,
                "    vm m{number:06} {{ os = {os}, start {{ ready = heartbeat, within = 10m }} }}"
            );
        }
    }
    if machines > 1 {
        let first = group * GROUP;
        let _ = writeln!(out, "    order {{ m{first:06} -> m{:06} }}", first + 1);
    }
    out.push_str("  }\n");
    if group.is_multiple_of(10) {
        let _ = writeln!(
            out,
            "  check up{group:05} {{ tcp = \"${{m{:06}.address}}:1433\", every = 5s, within = 5m }}",
            group * GROUP
        );
    }
    out.push('\n');
}

/// Chains of ten groups each, every chain closed by the check of its first group.
fn write_order(out: &mut String, groups: usize) {
    out.push_str("  order {\n");
    for first in (0..groups).step_by(10) {
        let _ = write!(out, "    svc{first:05} -> up{first:05}");
        for group in first + 1..(first + 10).min(groups) {
            let _ = write!(out, " -> svc{group:05}");
        }
        out.push('\n');
    }
    out.push_str("  }\n");
}
