//! Every bound of the program, in one place. Each says where its number comes from.

use std::time::Duration;

/// A plan file in bytes: three times the largest generated plan of the benches (about 13 MB).
pub const PLAN_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Files that one plan may draw in with `use`.
pub const PLAN_FILES_MAX: usize = 256;
/// Brackets open at once: plans need 5; the walkers below recurse, and their stack is not guarded.
pub const DEPTH_MAX: usize = 64;
/// Diagnostics collected before the compiler stops looking.
pub const DIAGNOSTICS_MAX: usize = 10_000;
/// Diagnostics printed for people; JSON prints all.
pub const DIAGNOSTICS_SHOWN_MAX: usize = 20;
/// An inventory document in bytes.
pub const INVENTORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// A frozen runbook in bytes.
pub const RUNBOOK_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Characters in a name.
pub const NAME_CHARS_MAX: usize = 256;
/// Attempts at one step, whatever the plan says.
pub const ATTEMPTS_MAX: u32 = 10_000;
/// Acts in flight at once, whatever the plan says; each is a task of the driver.
pub const IN_FLIGHT_MAX: usize = 256;
/// What is kept of a script's output, each of the two streams. The rest is counted, not kept.
pub const SCRIPT_OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// How long what a script started may hold its pipes after the script itself has ended.
pub const SCRIPT_PIPES_MAX: Duration = Duration::from_secs(1);
/// How long the end of a script waits for space on a full disk before it is given up.
pub const SCRIPT_SPACE_MAX: Duration = Duration::from_secs(24 * 3600);
/// What is read of an HTTP answer.
pub const HTTP_BODY_BYTES_MAX: u64 = 1024 * 1024;
/// Longest wait that a plan may ask for.
pub const WAIT_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Acts without a limit of their own: nothing waits for ever.
pub const ACT_MAX: Duration = Duration::from_secs(4 * 3600);
/// An estate's verb that neither answers nor fails is unknown after this.
pub const ESTATE_CALL_MAX: Duration = Duration::from_secs(60);
/// How often operator requests are looked for.
pub const REQUEST_POLL: Duration = Duration::from_millis(100);
/// An attempt that never arrives is sent again so often; then it has failed, and its retries are the plan's.
pub const ARRIVALS_MAX: u32 = 5;
/// A driver whose run goes on reads the table of requests no more often: a virtual clock turns fast.
pub const REQUEST_LOOK: Duration = Duration::from_millis(20);
/// How long a driver's lease holds without renewal, and when it is renewed.
pub const LEASE: Duration = Duration::from_secs(10);
/// A third of a lease, so that one missed renewal is not a lost lease.
pub const LEASE_RENEW: Duration = Duration::from_secs(3);
/// Longest pause between two attempts, whatever the back-off.
pub const BACKOFF_MAX: Duration = Duration::from_secs(3600);
/// Exceptions listed in a report before they are only counted.
pub const EXCEPTIONS_MAX: usize = 100_000;
/// Findings about one inventory before its reader gives up: one mistake is often in every point.
pub const INVENTORY_ERRORS_MAX: usize = 100;
/// Sites of one inventory: an estate has two, a provider may report its neighbours.
pub const INVENTORY_SITES_MAX: usize = 64;
/// Tags of one recovery point.
pub const POINT_TAGS_MAX: usize = 64;
/// Refused candidates that a certificate names; the rest it counts. More than anyone reads at night.
pub const REFUSED_KEPT_MAX: usize = 16;
/// Refused points of one machine that a certificate names where each goes to its own: with more, writing
/// certificates would take longer than choosing.
pub const REFUSED_OF_ONE_MAX: usize = 6;
/// Machines in the picture of recovery points; the rest is counted. More rows than a screen is high.
pub const PICTURE_MACHINES_MAX: usize = 60;
/// Points in that picture, shared among its machines; older ones are counted. With more, viewers are slow.
pub const PICTURE_POINTS_MAX: usize = 4800;
/// Sets that `align` looks at among equally small removals before it settles for the best so far: a second.
pub const ALIGN_TIES_MAX: usize = 4_000_000;
/// How long one process waits for another one's write to the state folder: many times a group commit.
pub const STORE_BUSY: Duration = Duration::from_secs(5);
/// Writes that wait for the store's writer: past it, senders wait.
pub const STORE_QUEUE_MAX: usize = 1024;
/// Writes that share one commit: as measured, more only makes each of them wait longer.
pub const STORE_GROUP_MAX: usize = 1024;
/// Events read from the store at once: about half a megabyte.
pub const STORE_PAGE_EVENTS: i64 = 1024;
/// Operator requests of one run that nobody has answered: people do not type more.
pub const REQUESTS_OPEN_MAX: usize = 1000;
/// How long the outcome of a cancelled act is polled before a person is asked.
pub const CANCEL_MAX: Duration = Duration::from_secs(60);
/// Machines that are looked at before a person is asked about an act on them: a group may be larger, and
/// nobody reads more.
pub const SIGHTINGS_MAX: usize = 16;
/// A clock that goes back by less was not set back: time services move it by moments.
pub const CLOCK_SLACK: Duration = Duration::from_secs(1);
/// A full disk is looked at again this often; the run holds meanwhile.
pub const SPACE_RETRY: Duration = Duration::from_secs(1);
/// One look of a check over the network.
pub const PROBE_MAX: Duration = Duration::from_secs(10);
/// Plans called within plans called within plans: a wave of waves needs 3.
pub const CALL_DEPTH_MAX: usize = 8;
/// Plans that one plan may hold through calls, each counted as often as it is called.
pub const CALLS_MAX: usize = 1000;
/// Misspelt names for which a nearest one is looked for; each look compares with every name.
pub const SUGGESTIONS_MAX: usize = 50;

/// How far ahead of the estate's clock `--lost-at` may be: two clocks differ by a few minutes.
pub const LOST_AHEAD_MAX: Duration = Duration::from_secs(5 * 60);

/// One answer of a provider's program: below `ESTATE_CALL_MAX`, with room for its start before.
pub const PROVIDER_CALL_MAX: Duration = Duration::from_secs(40);
/// From the start of a provider's program to its answer to the first call.
pub const PROVIDER_START_MAX: Duration = Duration::from_secs(10);
/// Everything that one call of a provider's program may take: below `ESTATE_CALL_MAX`.
pub const PROVIDER_WHOLE_MAX: Duration = Duration::from_secs(57);
/// How long a provider's program may take to end when it is asked to.
pub const PROVIDER_END_MAX: Duration = Duration::from_secs(2);
/// Starts of a provider's program within one call.
pub const PROVIDER_STARTS_MAX: u32 = 3;
/// The longest pause before a provider's program that keeps ending is started again.
pub const PROVIDER_PAUSE_MAX: Duration = Duration::from_secs(60);
/// A line of a provider's program in bytes: an inventory of about a quarter of a million points.
pub const PROVIDER_LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Lines of a provider's program between two answers before it counts as a flood.
pub const PROVIDER_LINES_MAX: u32 = 10_000;
/// A line that a provider's program logs or writes to standard error, in bytes; the rest is dropped.
pub const PROVIDER_LOG_LINE_BYTES_MAX: usize = 4096;
/// What is kept of a provider's log before it begins anew beside its predecessor.
pub const PROVIDER_LOG_BYTES_MAX: u64 = 1024 * 1024;
/// A sentence of a provider in characters; the rest is cut off.
pub const PROVIDER_TEXT_CHARS_MAX: usize = 500;
/// Calls that a provider's program may be sent before it has answered the first of them.
pub const PROVIDER_AT_ONCE_MAX: usize = 64;
/// Things of tests that one answer of a provider may name: a machine of a test has a handful.
pub const ARTIFACTS_MAX: usize = 10_000;
/// The longest pause between two polls that a provider may ask for.
pub const PROVIDER_AGAIN_MAX: Duration = Duration::from_secs(3600);

/// An answer of Azure in bytes: a page of some hundred machines is about 2 MB.
pub const AZURE_BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// One try of one call of Azure.
pub const AZURE_TRY_MAX: Duration = Duration::from_secs(20);
/// All tries of one call of Azure together: a whole act of several calls stays below `ESTATE_CALL_MAX`.
pub const AZURE_TRIES_MAX: Duration = Duration::from_secs(15);
/// The longest time that Azure is believed to want a pause; the engine asks again after it anyway.
pub const AZURE_AGAIN_MAX: Duration = Duration::from_secs(300);
/// Calls of Azure in flight at once.
pub const AZURE_AT_ONCE: usize = 16;
/// Pages of one list of Azure: a vault of a hundred thousand machines.
pub const AZURE_PAGES_MAX: usize = 1000;
/// A sentence of Azure in characters; the rest is cut off.
pub const AZURE_TEXT_CHARS_MAX: usize = 700;

/// A key's file in bytes: the longest that is read has 121.
pub const KEY_BYTES_MAX: u64 = 4096;
/// A log or report that is verified, in bytes: a run of a million events is about 400 MB.
pub const EVIDENCE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// What is found wrong with a log or report before the rest of it is not looked at any more.
pub const EVIDENCE_FAULTS_MAX: usize = 20;
/// Marks of run logs that are looked at when runs are listed: a state folder of ten runs a day for thirty
/// years.
pub const MARKS_MAX: usize = 100_000;

/// Runs of one rehearsal: a percentile in a thousand is then drawn from a hundred runs.
pub const REHEARSALS_MAX: u32 = 100_000;
/// Events at one instant of a rehearsed run before it counts as going round; besides twenty for each step.
pub const REHEARSED_AT_ONCE_MAX: u64 = 10_000;
/// Single faults of one rehearsal that are tried: about the number of a plan of 1,000 machines. Of more, some
/// are left out evenly, and how many is said.
pub const SINGLE_FAULTS_MAX: usize = 50_000;
/// Earlier runs that durations are read from, the latest ones: more only makes old times weigh as much as new.
pub const PAST_RUNS_MAX: usize = 50;
/// Samples of one duration in a file, and the bytes of that file.
pub const SAMPLES_MAX: usize = 10_000;
/// See `SAMPLES_MAX`: a line for each step of a large plan.
pub const DURATIONS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Jobs that a stand-in of a service remembers; the oldest that is over makes room for a new one.
pub const STAND_IN_JOBS_MAX: usize = 1_000;
/// Happenings of a stand-in's estate that one request catches up with; an act that hangs is looked at twice a
/// minute, and a night of an estate that goes fast has many.
pub const STAND_IN_STEPS_MAX: usize = 10_000;
/// What a stand-in reads of a request.
pub const STAND_IN_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A document of another product in bytes: all recovery plans of the largest vault take a small part of it.
pub const EXCHANGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Parts of such a document, kind by kind: plans, groups, machines.
pub const EXCHANGE_PARTS_MAX: usize = 10_000;
/// Steps that all expressions of a template may take: one may name another again and again.
pub const EXCHANGE_STEPS_MAX: usize = 50_000;
/// Bytes of a text that an expression makes.
pub const EXCHANGE_TEXT_MAX: usize = 64 * 1024;
/// Findings about one such document: one mistake is often in every part.
pub const EXCHANGE_ERRORS_MAX: usize = 100;
