//! State folders of every version that was ever released are brought up to date by whoever writes.

use musterpoint::source::codes::run as codes;
use musterpoint::store::{OpenFor, Owner, Store};

use crate::common::{START, anna, at, count, drive, failover, open, running, wait};

/// What the newest tables have and those of a version had not.
const WITHOUT: [(i64, &str); 2] = [
    (
        2,
        "ALTER TABLE run DROP COLUMN sum; ALTER TABLE run_state DROP COLUMN sum;
         ALTER TABLE lease DROP COLUMN sum; ALTER TABLE machine_lock DROP COLUMN sum;
         ALTER TABLE request DROP COLUMN sum;",
    ),
    (1, "DROP TABLE seal;"),
];

#[test]
fn a_run_of_an_older_version_is_read_and_goes_on_once_somebody_writes() {
    for oldest in [2, 1] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (run, mut log, epoch) = drive(&store, &failover());
        wait(store.append(&run, epoch, vec![log.paused()], running(at(START)))).unwrap();
        let asked = wait(store.post_request(&run, &anna(), &serde_json::json!("halt"), at(START))).unwrap();
        let (info, request) = (store.run(&run).unwrap(), store.request(asked).unwrap());
        drop(store);
        let file = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
        for (version, sql) in WITHOUT.iter().filter(|(version, _)| *version >= oldest) {
            file.execute_batch(sql).unwrap();
            file.pragma_update(None, "user_version", version).unwrap();
        }
        drop(file);

        let refused = Store::open(folder.path(), OpenFor::Read).unwrap_err();
        assert_eq!(refused.diagnostic().code, codes::STORE_VERSION, "{refused}");
        let store = open(folder.path());
        assert_eq!((store.run(&run).unwrap(), store.request(asked).unwrap()), (info, request));
        let epoch = wait(store.take_lease(&run, &Owner::this_process(), at("2026-11-24T06:00:00Z"))).unwrap();
        wait(store.append(&run, epoch, vec![log.paused()], running(at(START)))).unwrap();
        assert_eq!(count(&Store::open(folder.path(), OpenFor::Read).unwrap(), &run), 3);
    }
}
