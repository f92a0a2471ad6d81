//! The codes without a folder in `tests/bad`: no plan, estate and command line of a folder bring them
//! about. Each names the test that shows it instead.

/// Where a code is shown.
pub(crate) struct Elsewhere {
    pub(crate) code: &'static str,
    pub(crate) file: &'static str,
    /// The test function.
    pub(crate) test: &'static str,
    /// What its body says of the code: the code itself, its constant, or the error that carries it.
    pub(crate) by: &'static str,
    pub(crate) why: &'static str,
}

const fn at(
    code: &'static str,
    file: &'static str,
    test: &'static str,
    by: &'static str,
    why: &'static str,
) -> Elsewhere {
    Elsewhere { code, file, test, by, why }
}

const BY_HAND: &str = "tests/bad_plans/by_hand.rs";
const HOSTILE: &str = "tests/command_provider/hostile.rs";
const TOO_LARGE: &str = "files_too_large_to_be_read_are_refused_by_their_size";
const STORE: &str = "the_run_log_refuses_in_these_words";
const ALONE: &str = "the_compiler_refuses_by_itself_what_the_rules_refuse_before_it";
const AZURE: &str = "a_provider_whose_failover_starts_the_machine_has_no_start_of_its_own";

/// In the order of the codes.
pub(crate) const ELSEWHERE: &[Elsewhere] = &[
    at("MP0101", BY_HAND, TOO_LARGE, "MP0101", "the plan is larger than 40 MiB"),
    at("MP0503", BY_HAND, TOO_LARGE, "MP0503", "the inventory is larger than 2 GiB"),
    at(
        "MP0564",
        HOSTILE,
        "a_program_that_keeps_dying_is_started_ever_more_seldom",
        "MP0564",
        "a part of another message",
    ),
    at(
        "MP0565",
        HOSTILE,
        "a_program_that_hangs_is_killed_with_everything_that_it_started",
        "MP0565",
        "a part of another message",
    ),
    at(
        "MP0566",
        HOSTILE,
        "lines_that_are_no_messages_end_the_program_and_are_told",
        "MP0566",
        "a part of another message",
    ),
    at("MP0567", HOSTILE, "floods_are_bounded", "MP0567", "a part of another message"),
    at("MP0568", HOSTILE, "answers_that_nobody_asked_for_are_told", "MP0568", "a part of another message"),
    at(
        "MP0569",
        HOSTILE,
        "answers_about_something_else_are_not_believed",
        "MP0569",
        "a part of another message",
    ),
    at("MP0608", "tests/compile.rs", AZURE, "MP0608", "no provider of this build lacks a mode"),
    at("MP0615", BY_HAND, ALONE, "MP0615", "MP0314 says it first; a script may vanish after that"),
    at("MP0616", BY_HAND, ALONE, "MP0616", "MP0301 says it first"),
    at("MP0617", "tests/compile.rs", AZURE, "MP0617", "no provider of this build merges its acts"),
    at("MP0621", BY_HAND, ALONE, "MP0621", "MP0303 says it first"),
    at("MP0652", BY_HAND, STORE, "MP0652", "needs a file system mounted read-only"),
    at("MP0653", BY_HAND, STORE, "MP0653", "needs a full file system"),
    at("MP0655", BY_HAND, STORE, "MP0655", "needs another version of the program"),
    at("MP0656", BY_HAND, STORE, "MP0656", "needs a second process that holds the file for seconds"),
    at("MP0657", BY_HAND, STORE, "MP0657", "needs a network file system"),
    at("MP0658", BY_HAND, STORE, "MP0658", "needs a run log changed behind the program's back"),
    at("MP0659", BY_HAND, STORE, "MP0659", "needs a disk that fails"),
    at("MP0660", BY_HAND, STORE, "MP0660", "needs a second process that drives the run"),
    at("MP0661", BY_HAND, STORE, "MP0661", "needs a driver that was stopped and taken over from"),
    at("MP0666", BY_HAND, STORE, "MP0666", "needs a thousand requests that nobody answers"),
    at(
        "MP0667",
        "tests/store/leases.rs",
        "a_request_is_answered_once_with_the_events_that_come_of_it",
        "NoSuchRequest",
        "no command answers a request by its number",
    ),
    at("MP0668", BY_HAND, STORE, "MP0668", "no command names the run that it starts"),
    at("MP0669", BY_HAND, STORE, "MP0669", "no command writes an event out of order"),
    at(
        "MP0709",
        "tests/azure/inputs.rs",
        "an_estate_of_another_build_is_refused",
        "MP0709",
        "needs a runbook of a program with more providers",
    ),
    at(
        "MP0711",
        "src/format/mod.rs",
        "a_text_that_says_something_else_or_less_is_held_back",
        "MP0711",
        "the formatter would have to be wrong",
    ),
    at(
        "MP0712",
        BY_HAND,
        "output_that_goes_nowhere_is_the_engines_failure",
        "MP0712",
        "needs an output that cannot be written",
    ),
    at(
        "MP0802",
        "tests/evidence/keys.rs",
        "a_key_that_cannot_be_used_is_told_and_holds_no_recovery_up",
        "MP0802",
        "a checkout does not keep the mode of a file",
    ),
    at(
        "MP0811",
        "tests/evidence/reports.rs",
        "a_report_that_says_something_else_than_its_log_is_found_out",
        "MP0811",
        "each version words a report anew, and a kept one would be told of for that",
    ),
    at(
        "MP0901",
        "tests/rehearse/command.rs",
        "wrong_faults_are_refused_with_the_nearest_name",
        "MP0901",
        "it is about what a rehearsal is told, and no plan",
    ),
    at(
        "MP0902",
        "tests/rehearse/command.rs",
        "wrong_faults_are_refused_with_the_nearest_name",
        "MP0902",
        "it is about what a rehearsal is told, and no plan",
    ),
    at(
        "MP0903",
        "tests/rehearse/command.rs",
        "durations_that_lie_are_refused_with_all_that_is_wrong",
        "MP0903",
        "it is about what a rehearsal is told, and no plan",
    ),
    at(
        "MP1001",
        "tests/emulate/door.rs",
        "only_loopback_is_listened_on_unless_a_token_is_demanded",
        "MP1001",
        "a stand-in has no plan",
    ),
    at(
        "MP1002",
        "tests/emulate/door.rs",
        "what_the_command_line_cannot_mean_is_refused_before_anything_listens",
        "MP1002",
        "a stand-in has no plan",
    ),
    at(
        "MP1003",
        "tests/emulate/restart.rs",
        "a_folder_is_used_by_one_stand_in_at_a_time_and_a_damaged_one_is_refused",
        "MP1003",
        "a stand-in has no plan",
    ),
    at(
        "MP1201",
        "tests/exchange/bounds.rs",
        "too_large_and_too_deep_documents_are_not_read",
        "MP1201",
        "its document is larger than 32 MiB or nests very deep",
    ),
    at(
        "MP1302",
        "tests/azure/inputs.rs",
        "a_machine_that_is_replicated_otherwise_is_shown_and_not_hidden",
        "MP1302",
        "needs a vault that answers",
    ),
];
