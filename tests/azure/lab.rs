//! A stand-in, a plan for its vault, and a folder where the engine keeps its runs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The seed's estate: five machines, a group of two, all in Azure.
pub(crate) const CONTOSO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/estates/contoso.json");

/// The plan of these tests. `PROVIDER`, `DB` and `MORE` are filled in.
const PLAN: &str = r#"
estate contoso { sites = [avs, azure], identity = claimed, provider = PROVIDER }
role dr_lead { members = anyone }
plan erp {
  estate = contoso
  network lan { avs = "VLAN10", azure = "vnet-erp/app", test = "vnet-bubble/app" }
  group db {
    point = DB
    vm [sql01, sql02] { os = windows, network = lan }
  }
  tier app {
    point = latest_processed
    vm [app01, app02] { os = linux, network = lan }
  }
  vm jump01 { os = linux, network = lan, point = latest, optional = true }
  approve accept { prompt = "accepted?", by = dr_lead, within = 24h, if_late = keep_waiting }
  order {
    db -> app -> accept -> commit -> reprotect
    db -> jump01
    accept -> cleanup
  }
  commit { }
  reprotect {
    via   { avs = "ps-avs-01", azure = "ps-westeurope-01" }
    retry { on = agent_not_registered, every = 1s, for = 15m }
  }
}
"#;

/// A stand-in that runs, ended when it is dropped.
pub(crate) struct StandIn {
    child: Child,
    /// `http://127.0.0.1:41234`
    pub(crate) endpoint: String,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl StandIn {
    /// On a free port, unless `args` say another place.
    pub(crate) fn start(estate: &Path, args: &[&str]) -> Self {
        let listen =
            if args.contains(&"--listen") { [].as_slice() } else { ["--listen", "127.0.0.1:0"].as_slice() };
        let speed = if args.contains(&"--speed") { [].as_slice() } else { ["--speed", "1200"].as_slice() };
        let mut child = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["emulate", "azure", "--estate"])
            .arg(estate)
            .args(listen)
            .args(speed)
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("`{line}`"));
        let endpoint = url.split("/subscriptions/").next().unwrap().to_owned();
        Self { child, endpoint }
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Both streams, for whatever a person would see.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.err, self.out)
    }

    /// It is done, or waits for a person.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.code == 0 || self.code == 6, "{self:?}");
        self
    }
}

/// A folder with a plan, and maybe a stand-in.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
    pub(crate) service: Option<StandIn>,
    variables: Vec<(String, String)>,
}

impl Lab {
    /// The plan over a stand-in of a generation, with what else goes wrong there.
    pub(crate) fn over(appliance: &str, args: &[&str]) -> Self {
        let lab = Self::alone();
        let record = lab.path("record.jsonl");
        let all = [&["--appliance", appliance, "--record", record.to_str().unwrap()], args].concat();
        let estate = lab.path("estate.json");
        let text = std::fs::read_to_string(CONTOSO).unwrap();
        // Long enough for a reprotect to come too early, at any speed of these tests.
        let slow = text.replace(r#""agent": "9m""#, r#""agent": "40m""#);
        assert_ne!(slow, text);
        std::fs::write(&estate, if appliance == "classic" { slow } else { text }).unwrap();
        let service = StandIn::start(&estate, &all);
        let more =
            if appliance == "classic" { r#", failback_policy = "24-hour-retention-failback""# } else { "" };
        let keys = format!(r#"appliance = {appliance}, sign_in = token, token = env("ASR_TOKEN"){more}"#);
        lab.write_plan(&provider(&service.endpoint, &keys), policy(appliance));
        Self { service: Some(service), ..lab }
    }

    /// A folder without anything.
    pub(crate) fn alone() -> Self {
        let variables = vec![("ASR_TOKEN".to_owned(), "a-token-nobody-may-see".to_owned())];
        Self { folder: tempfile::tempdir().unwrap(), service: None, variables }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write_plan(&self, provider: &str, db: &str) {
        let text = PLAN.replace("PROVIDER", provider).replace("DB", db);
        std::fs::write(self.path("erp.muster"), text).unwrap();
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command
            .args(line.split_whitespace())
            .args(["--as", "dana"])
            .current_dir(self.folder.path())
            .env("MUSTER_STATE", self.path("state"))
            .env("COLUMNS", "400")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// As `command`, saying nothing.
    pub(crate) fn quiet(&self, line: &str) -> Command {
        let mut command = self.command(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub(crate) fn muster(&self, line: &str) -> Said {
        let output = self.command(line).output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A whole run: up to the approval, the approval, and on to the end.
    #[track_caller]
    pub(crate) fn whole(&self, start: &str) -> String {
        let begun = self.muster(&format!("{start} --yes"));
        assert_eq!(begun.code, 6, "{}", begun.all());
        self.muster("approve last accept").ok();
        let ended = self.muster("resume last");
        assert_eq!(ended.code, 0, "{}{}", begun.all(), ended.all());
        begun.all() + &ended.all()
    }

    /// The inventory's machines by name.
    #[track_caller]
    pub(crate) fn machines(&self) -> Value {
        let said = self.muster("inventory erp.muster --format json").ok();
        serde_json::from_str::<Value>(&said.out).unwrap()["vms"].clone()
    }

    /// Requests that the stand-in wrote down: method, the path's end and what was answered.
    pub(crate) fn recorded(&self) -> Vec<(String, String, u64)> {
        let text = std::fs::read_to_string(self.path("record.jsonl")).unwrap();
        let one = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            let path = value["path"].as_str().unwrap().split('?').next().unwrap().to_owned();
            let end = path.rsplit("/vault-standin/").next().unwrap().to_owned();
            (value["method"].as_str().unwrap().to_owned(), end, value["status"].as_u64().unwrap_or(0))
        };
        text.lines().map(one).collect()
    }

    /// How often something was asked for and taken on, by the last segment of its path.
    pub(crate) fn posts(&self, operation: &str) -> usize {
        let all = self.recorded();
        all.iter().filter(|(method, path, _)| method == "POST" && path.ends_with(operation)).count()
    }
}

/// A policy for the group that the service can be told in both directions.
pub(crate) fn policy(appliance: &str) -> &'static str {
    if appliance == "classic" { "common_app" } else { "common" }
}

/// The provider's block for a stand-in's vault.
pub(crate) fn provider(endpoint: &str, keys: &str) -> String {
    format!(
        r#"azure {{ subscription = "00000000-0000-0000-0000-000000000001", resource_group = "rg-standin", vault = "vault-standin", endpoint = "{endpoint}", {keys} }}"#
    )
}
