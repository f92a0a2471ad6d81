//! MP08xx: keys, seals, and logs and reports that are verified.

use super::codes;

codes! {
    KEY_UNUSABLE = "MP0801", "the signing key cannot be used", "\
The log of a run is signed at its end, with the key named by `--key` or `MUSTER_KEY`, else with the one that the \
state folder made on its first use. A key is an ed25519 private key as PEM text, in a file that only its owner can \
read. A run that ends without a usable key is told as unsigned; the next `muster report` or `muster verify` of it \
signs it, once the key is there again.

    muster test erp.muster --yes --key cut-off.key         wrong: half of a key
    openssl genpkey -algorithm ed25519 -out sign.key && chmod 600 sign.key
    muster test erp.muster --yes --key sign.key
";
    KEY_EXPOSED = "MP0802", "others can use the signing key", "\
A signature says that the holder of the key made it. A key that others can read or change says nothing, so it is \
not used. If somebody may have read it already, make a new one and tell your auditors the new public key.

    chmod 644 sign.key        wrong
    chmod 600 sign.key
";
    PUBLIC_KEY = "MP0803", "the public key is missing or is none", "\
A log is verified against a public key that reached you by another way than the log itself: whoever changes a log \
can sign it anew with a key of their own. `muster key` prints it where runs are signed. It is given as a PEM file \
or as 64 hexadecimal digits.

    muster verify run.jsonl                                 wrong where no state folder has a key
    muster key > musterpoint.pub                            on the signing machine, once
    muster verify run.jsonl --public-key musterpoint.pub
";
    NOT_EVIDENCE = "MP0804", "the file cannot be verified", "\
What can be verified is a log as `muster log --format jsonl` writes it, and a report as `muster report --format \
json` or `--format html` does. The message says what the file is instead, or where it stops being one. A text \
report has no digests, and `muster log --format json` is for programs that read events by name.

    muster report last > report.txt && muster verify report.txt         wrong
    muster report last --format html --output report.html && muster verify report.html
";
    EVIDENCE_VERSION = "MP0805", "a newer version wrote this", "\
The log, its seal or one of its records is written in a way that this program does not know. That proves nothing \
against it: verify it with the version that wrote it, or a later one. Older formats are read for ever.

    muster --version
";
    RECORD_CHANGED = "MP0806", "a record is not what was recorded", "\
Each record of a run log carries a digest over the digest before it and its own text. The record named does not \
fit: one or more of its bytes, or of its digest, were changed. Records before it are as they were recorded.

Changed by an editor, by a transfer that translates line ends, or by somebody: compare with the state folder.

    muster verify run.jsonl --public-key musterpoint.pub     tells the record
    muster log RUN --format jsonl > again.jsonl              on the machine that ran it
    cmp run.jsonl again.jsonl
";
    RECORD_MISSING = "MP0807", "records are missing, inserted or out of order", "\
Records are numbered from 1 without a gap; 0 is the runbook. The message names where the row breaks: a record that \
is not there, stands twice or in another place, or a log that was cut off before its seal.

    head -n 100 run.jsonl > part.jsonl      wrong: a part cannot be verified
    cp run.jsonl kept/
";
    SEAL_WRONG = "MP0808", "the seal does not fit", "\
The seal is a signed statement: run, digest of the runbook, number of records, digest of the last one. Either its \
signature does not hold, or it speaks of another log than this one. A log in which everything was recomputed after \
a change is found out here.

    muster verify run.jsonl --public-key musterpoint.pub
    muster log RUN --format jsonl > again.jsonl              on the machine that ran it
";
    ANOTHER_KEY = "MP0809", "somebody else signed", "\
The seal names another public key than the one that it was verified with. Either the run was signed on another \
installation or before the key was replaced, or somebody signed a changed log with a key of their own. Ask whoever \
ran it for the key, by a way that you trust.

    muster verify run.jsonl --public-key theirs.pub
";
    UNSIGNED = "MP0810", "nobody has signed this", "\
The digests of a log only show that it fits together; anybody can recompute them. What proves its origin is the \
seal, which is made at the run's end. A run that goes on has none yet, and one that ended while the key could not be \
used gets it from the next `muster report` or `muster verify` on the machine that ran it.

    muster log erp-20261123 --format jsonl > early.jsonl        wrong while the run goes on
    muster report erp-20261123 && muster log erp-20261123 --format jsonl > run.jsonl
";
    REPORT_DIFFERS = "MP0811", "the report does not say what its log says", "\
A report holds the log that it was made from. To verify it, it is made again from that log and compared: the \
message names the place where they part. Either the report was changed, or another version of the program made it; \
the log inside it is verified by itself.

    muster report RUN --format html --output again.html       on the machine that ran it
";
}
