//! A stand-in that runs as a process of its own, and a client that only knows HTTP and the API's words.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The estate of these tests: `sql01` and `sql02` in one replication group, `app01` in none, all at home.
pub(crate) const ESTATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulate/estate.json");
/// Looks at a job until it is over; each takes milliseconds, in which minutes of the estate pass.
const LOOKS_MAX: usize = 20_000;
/// Ten hours of the estate in a real second.
const SPEED: &str = "36000";

/// A stand-in, ended when it is dropped.
pub(crate) struct StandIn {
    child: Child,
    /// The vault's URL.
    pub(crate) url: String,
    agent: ureq::Agent,
    /// The value of `Authorization`; none sends no such header.
    pub(crate) authorization: Option<String>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The id of the job that was taken on.
    #[track_caller]
    pub(crate) fn job(&self) -> String {
        assert_eq!(self.status, 202, "{self:?}");
        let location = self.header("location").unwrap();
        location.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

impl StandIn {
    pub(crate) fn modernized() -> Self {
        Self::start(&[])
    }

    pub(crate) fn classic() -> Self {
        Self::start(&["--appliance", "classic"])
    }

    /// Starts one over the estate of these tests.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::over(ESTATE, args)
    }

    pub(crate) fn over(estate: &str, args: &[&str]) -> Self {
        let own = ["emulate", "azure", "--estate", estate, "--listen", "127.0.0.1:0"];
        let speed = if args.contains(&"--speed") { [].as_slice() } else { ["--speed", SPEED].as_slice() };
        let mut child = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(own)
            .args(speed)
            .args(args)
            .env("STAND_IN_TOKEN", "open sesame")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("`{line}`")).to_owned();
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        Self { child, url, agent: config.into(), authorization: Some("Bearer any".to_owned()) }
    }

    /// Ends it as if its host had died.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// A request to any URL; an error where no answer came.
    pub(crate) fn ask(&self, method: &str, url: &str, body: Option<&str>) -> Result<Answer, String> {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(body.unwrap_or_default().to_owned()).unwrap();
        let mut answer = self.agent.run(request).map_err(|error| error.to_string())?;
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        Ok(Answer { status: answer.status().as_u16(), headers, text })
    }

    /// A request below the vault.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let url = format!(
            "{}/{path}{}api-version=2024-04-01",
            self.url,
            if path.contains('?') { '&' } else { '?' }
        );
        self.ask(method, &url, body.map(Value::to_string).as_deref())
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { None } else { Some(body) };
        self.call("POST", path, body).unwrap()
    }

    /// The path of a machine's item below the vault.
    #[track_caller]
    pub(crate) fn item(&self, machine: &str) -> String {
        let mut list = self.get("replicationProtectedItems");
        loop {
            let found = list["value"]
                .as_array()
                .unwrap()
                .iter()
                .find(|item| item["properties"]["friendlyName"] == machine);
            if let Some(item) = found {
                let id = item["id"].as_str().unwrap();
                return id.split("/vaults/vault-standin/").nth(1).unwrap().to_owned();
            }
            let next =
                list["nextLink"].as_str().unwrap_or_else(|| panic!("no item of `{machine}`")).to_owned();
            list = self.ask("GET", &next, None).unwrap().json();
        }
    }

    /// The properties of a machine's item.
    #[track_caller]
    pub(crate) fn properties(&self, machine: &str) -> Value {
        self.get(&self.item(machine))["properties"].clone()
    }

    #[track_caller]
    pub(crate) fn allowed(&self, machine: &str) -> Vec<String> {
        let properties = self.properties(machine);
        let words = properties["allowedOperations"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// An action on a machine's item.
    #[track_caller]
    pub(crate) fn act(&self, machine: &str, action: &str, body: &Value) -> Answer {
        self.post(&format!("{}/{action}", self.item(machine)), body)
    }

    /// The properties of a job.
    #[track_caller]
    pub(crate) fn job(&self, id: &str) -> Value {
        self.get(&format!("replicationJobs/{id}"))["properties"].clone()
    }

    /// Looks at a job until it stands otherwise than in progress.
    #[track_caller]
    pub(crate) fn rests(&self, id: &str) -> Value {
        for _ in 0..LOOKS_MAX {
            let job = self.job(id);
            if job["state"] != "InProgress" {
                return job;
            }
        }
        panic!("job `{id}` never rests")
    }

    /// Follows what was taken on to its end, and wants it to be this one.
    #[track_caller]
    pub(crate) fn ends(&self, answer: &Answer, state: &str, description: &str) -> Value {
        let job = self.rests(&answer.job());
        assert_eq!(
            (job["state"].as_str(), job["stateDescription"].as_str()),
            (Some(state), Some(description)),
            "{job}"
        );
        job
    }

    #[track_caller]
    pub(crate) fn succeeds(&self, answer: &Answer) -> Value {
        self.ends(answer, "Succeeded", "Completed")
    }

    /// Makes a plan of boot groups.
    #[track_caller]
    pub(crate) fn plan(&self, name: &str, groups: &[&[&str]]) {
        let groups: Vec<Value> = groups.iter().map(|machines| self.boot(machines)).collect();
        self.succeeds(&self.put(name, &groups));
    }

    /// A boot group.
    pub(crate) fn boot(&self, machines: &[&str]) -> Value {
        let items: Vec<Value> =
            machines.iter().map(|machine| json!({ "id": self.get(&self.item(machine))["id"] })).collect();
        json!({ "groupType": "Boot", "replicationProtectedItems": items })
    }

    pub(crate) fn put(&self, name: &str, groups: &[Value]) -> Answer {
        let body = json!({ "properties": {
            "primaryFabricId": self.get("replicationFabrics")["value"][0]["id"],
            "recoveryFabricId": "Microsoft Azure",
            "groups": groups,
        } });
        self.call("PUT", &format!("replicationRecoveryPlans/{name}"), Some(&body)).unwrap()
    }

    /// Fails a plan over to Azure.
    pub(crate) fn fail_over(&self, plan: &str, kind: &str, multi: &str) -> Answer {
        let provider = self.get("replicationProtectedItems")["value"][0]["properties"]["providerSpecificDetails"]
            ["instanceType"]
            .clone();
        let body = json!({ "properties": {
            "failoverDirection": "PrimaryToRecovery",
            "sourceSiteOperations": "Required",
            "providerSpecificDetails": [
                { "instanceType": provider, "recoveryPointType": kind, "useMultiVmSyncPoint": multi },
            ],
        } });
        self.post(&format!("replicationRecoveryPlans/{plan}/unplannedFailover"), &body)
    }

    /// Fails `app01` over to Azure, modernized.
    pub(crate) fn fail_over_app(&self) -> Answer {
        self.act("app01", "unplannedFailover", &unplanned("true", &Value::Null))
    }

    /// Reprotects `app01` towards home, modernized, once it may.
    #[track_caller]
    pub(crate) fn reprotect_home(&self, machine: &str) {
        self.registered(machine);
        let body = json!({ "properties": { "providerSpecificDetails": {
            "instanceType": "InMageRcm", "reprotectAgentId": self.agent("ps-avs-01"),
            "datastoreName": "datastore1", "logStorageAccountId": "logs",
        } } });
        self.succeeds(&self.act(machine, "reProtect", &body));
    }

    /// The id of a reprotect agent.
    pub(crate) fn agent(&self, name: &str) -> Value {
        let agents =
            self.get("replicationFabrics")["value"][0]["properties"]["customDetails"]["reprotectAgents"]
                .clone();
        agents.as_array().unwrap().iter().find(|agent| agent["name"] == name).unwrap()["id"].clone()
    }

    /// Waits until the agent of a machine is registered.
    #[track_caller]
    pub(crate) fn registered(&self, machine: &str) {
        for _ in 0..LOOKS_MAX {
            let details = self.properties(machine)["providerSpecificDetails"].clone();
            if details["isAgentRegistrationSuccessfulAfterFailover"] == true {
                return;
            }
        }
        panic!("the agent of `{machine}` never registers")
    }
}

/// The body of an item's unplanned failover, modernized.
pub(crate) fn unplanned(performs_shutdown: &str, point: &Value) -> Value {
    json!({ "properties": {
        "failoverDirection": "PrimaryToRecovery",
        "providerSpecificDetails": {
            "instanceType": "InMageRcm", "performShutdown": performs_shutdown, "recoveryPointId": point,
        },
    } })
}

/// The body of an item's planned failover home, modernized.
pub(crate) fn planned() -> Value {
    json!({ "properties": { "providerSpecificDetails": {
        "instanceType": "InMageRcmFailback", "recoveryPointType": "CrashConsistent",
    } } })
}
