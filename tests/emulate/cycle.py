"""The whole cycle of disaster recovery against a stand-in, with Microsoft's own client for Python: its models, its
polling, its paging. Usage: cycle.py URL modernized|classic. Prints what it saw, a line each; ends with 1 at the
first thing that is not as it ought to be."""

import re
import sys
import time

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient, models as m

URL, GENERATION = sys.argv[1], sys.argv[2]
MODERNIZED = GENERATION == "modernized"
BASE, SUBSCRIPTION, GROUP, VAULT = re.fullmatch(
    r"(http://[^/]+)/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/[^/]+/vaults/([^/]+)", URL
).groups()
FORWARD, BACK = "PrimaryToRecovery", "RecoveryToPrimary"


class Token(SansIOHTTPPolicy):
    """A token without HTTPS, which the client's own policy refuses."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer cycle"


client = SiteRecoveryManagementClient(
    credential=object(), subscription_id=SUBSCRIPTION, base_url=BASE, authentication_policy=Token(),
    polling_interval=1,
)
items_api, plans_api, jobs_api = (
    client.replication_protected_items, client.replication_recovery_plans, client.replication_jobs,
)
fabric = next(iter(client.replication_fabrics.list(GROUP, VAULT)))
container = next(iter(client.replication_protection_containers.list_by_replication_fabrics(GROUP, VAULT, fabric.name)))


def check(what, seen, wanted):
    print(f"{what}: {seen}", flush=True)
    if seen != wanted:
        sys.exit(f"{what}: {seen!r}, and it ought to be {wanted!r}")


def item(name):
    found = next(one for one in items_api.list(GROUP, VAULT) if one.properties.friendly_name == name)
    return items_api.get(GROUP, VAULT, fabric.name, container.name, found.name)


def place(name):
    return GROUP, VAULT, fabric.name, container.name, item(name).name


def job_of(name):
    """The last job of an item, by the scenario that it shows."""
    return jobs_api.get(GROUP, VAULT, item(name).properties.current_scenario.job_id.rsplit("/", 1)[1])


def stands(name, location, instance_type, *allowed):
    properties = item(name).properties
    seen = (properties.active_location, properties.provider_specific_details.instance_type,
            tuple(properties.allowed_operations))
    check(f"{name} stands", seen, (location, instance_type, allowed))


def refused(what, status, begin):
    try:
        begin()
    except HttpResponseError as error:
        check(f"{what} is refused", error.status_code, status)
        if not error.error or not error.error.code:
            sys.exit(f"{what}: the refusal has no code that the client can read")
        return
    sys.exit(f"{what} was not refused")


def points(name):
    return list(client.recovery_points.list_by_replication_protected_items(*place(name)))


def failover_of(job):
    """What a failover bound: the point's instant of each machine."""
    details = job.properties.custom_details
    return {one.friendly_name: one.recovery_point_time for one in details.protected_item_details}


def boot(*names, before=(), after=()):
    return m.RecoveryPlanGroup(
        group_type="Boot",
        replication_protected_items=[
            m.RecoveryPlanProtectedItem(id=item(name).id, virtual_machine_id=item(name).name) for name in names
        ],
        start_group_actions=list(before), end_group_actions=list(after),
    )


def put_plan(name, *groups):
    return plans_api.begin_create(GROUP, VAULT, name, m.CreateRecoveryPlanInput(
        properties=m.CreateRecoveryPlanInputProperties(
            primary_fabric_id=fabric.id, recovery_fabric_id="Microsoft Azure",
            failover_deployment_model="ResourceManager", groups=list(groups),
        )
    )).result()


def manual(name):
    return m.RecoveryPlanAction(
        action_name=name, failover_types=["UnplannedFailover", "PlannedFailover"],
        failover_directions=[FORWARD, BACK],
        custom_details=m.RecoveryPlanManualActionDetails(description="look at the switch"),
    )


def forward_point(kind, multi):
    shape = m.RecoveryPlanInMageRcmFailoverInput if MODERNIZED else m.RecoveryPlanInMageAzureV2FailoverInput
    return shape(recovery_point_type=kind, use_multi_vm_sync_point=multi)


def plan_unplanned(name, direction, details):
    return plans_api.begin_unplanned_failover(GROUP, VAULT, name, m.RecoveryPlanUnplannedFailoverInput(
        properties=m.RecoveryPlanUnplannedFailoverInputProperties(
            failover_direction=direction, source_site_operations="Required", provider_specific_details=[details],
        )
    ))


def test_failover():
    plans_api.begin_test_failover(GROUP, VAULT, "night", m.RecoveryPlanTestFailoverInput(
        properties=m.RecoveryPlanTestFailoverInputProperties(
            failover_direction=FORWARD, network_type="VmNetworkAsInput", network_id="/networks/isolated",
            provider_specific_details=[forward_point("LatestProcessed", "True")],
        )
    )).result()
    check("the test is open", {item(name).properties.test_failover_state for name in ALL}, {"WaitingForCleanup"})
    check("production is untouched", item("sql01").properties.active_location, "Primary")
    plans_api.begin_test_failover_cleanup(GROUP, VAULT, "night", m.RecoveryPlanTestFailoverCleanupInput(
        properties=m.RecoveryPlanTestFailoverCleanupInputProperties(comments="seen")
    )).result()
    check("the test is over", {item(name).properties.test_failover_state for name in ALL}, {"None"})
    shape = m.InMageRcmTestFailoverInput if MODERNIZED else m.InMageAzureV2TestFailoverInput
    items_api.begin_test_failover(*place("app01"), m.TestFailoverInput(
        properties=m.TestFailoverInputProperties(
            failover_direction=FORWARD, network_type="NoIsolation", provider_specific_details=shape(),
        )
    )).result()
    stands("app01", "Primary", TYPES[0], "UnplannedFailover", "TestFailoverCleanup")
    items_api.begin_test_failover_cleanup(*place("app01"), m.TestFailoverCleanupInput(
        properties=m.TestFailoverCleanupInputProperties(comments="seen")
    )).result()


def refusals():
    refused("an early commit of an item", 409, lambda: items_api.begin_failover_commit(*place("app01")))
    refused("an early commit of a plan", 409, lambda: plans_api.begin_failover_commit(GROUP, VAULT, "night"))
    refused("a plan that splits a group", 400, lambda: put_plan("split", boot("sql01"), boot("sql02")))
    shape = m.InMageRcmUnplannedFailoverInput if MODERNIZED else m.InMageAzureV2UnplannedFailoverInput
    extra = {"perform_shutdown": "true"} if MODERNIZED else {}
    unplanned = lambda name, point: items_api.begin_unplanned_failover(*place(name), m.UnplannedFailoverInput(
        properties=m.UnplannedFailoverInputProperties(
            failover_direction=FORWARD, source_site_operations="Required",
            provider_specific_details=shape(recovery_point_id=point, **extra),
        )
    ))
    refused("a point that is not there", 400, lambda: unplanned("app01", item("app01").id + "/recoveryPoints/none"))
    refused("a member of a group alone", 409, lambda: unplanned("sql01", None))
    check("the refused changed nothing", item("app01").properties.active_location, "Primary")


def to_azure():
    """The plan waits for a person in the middle, and binds one common point for the group."""
    poller = plan_unplanned("night", FORWARD, forward_point("LatestProcessed", "True"))
    job = job_of("sql01")
    while job.properties.state == "InProgress":
        time.sleep(0.2)
        job = job_of("sql01")
    check("the plan waits for a person", job.properties.state, "Suspended")
    check("while it waits its last group is not started", item("app01").properties.allowed_operations, [])
    jobs_api.begin_resume(GROUP, VAULT, job.name, m.ResumeJobParams(
        properties=m.ResumeJobParamsProperties(comments="it is green")
    )).result()
    poller.result()
    job = jobs_api.get(GROUP, VAULT, job.name)
    check("the failover", (job.properties.state, job.properties.state_description), ("Succeeded", "Completed"))
    bound = failover_of(job)
    check("the group went to one point", bound["sql01"] == bound["sql02"], True)
    groups = [task.group_task_custom_details for task in job.properties.tasks]
    seen = [task.custom_details.observation for group in groups for task in group.child_tasks
            if task.custom_details and task.custom_details.instance_type == "ManualActionTaskDetails"]
    check("what the person said is kept", seen, ["it is green"])
    for name in ALL:
        stands(name, "Recovery", TYPES[0], "Commit", "ChangePit")


def change_point():
    oldest = points("app01")[-1]
    shape = m.InMageRcmApplyRecoveryPointInput(recovery_point_id=oldest.id) if MODERNIZED \
        else m.InMageAzureV2ApplyRecoveryPointInput()
    items_api.begin_apply_recovery_point(*place("app01"), m.ApplyRecoveryPointInput(
        properties=m.ApplyRecoveryPointInputProperties(
            recovery_point_id=oldest.id, provider_specific_details=shape
        )
    )).result()
    check("the point changed", item("app01").properties.failover_recovery_point_id, oldest.id)


def commit_items():
    for name in ALL:
        items_api.begin_failover_commit(*place(name)).result()
    committed()


def commit_plan():
    plans_api.begin_failover_commit(GROUP, VAULT, "night").result()
    committed()


def committed():
    check("all is committed", {tuple(item(name).properties.allowed_operations) for name in ALL},
          {("ReverseReplicate",)})
    refused("a second commit", 409, lambda: items_api.begin_failover_commit(*place("app01")))


def reprotect(details, direction):
    """Item by item; where the agent is not back yet the job fails, and is tried again once it is."""
    failures = 0
    for name in ALL:
        for _ in range(60):
            body = m.ReverseReplicationInput(properties=m.ReverseReplicationInputProperties(
                failover_direction=direction, provider_specific_details=details
            ))
            try:
                items_api.begin_reprotect(*place(name), body).result()
                break
            except HttpResponseError:
                error = job_of(name).properties.errors[0].service_error_details
                check("why reprotection failed", error.code, "MobilityAgentNotInstalled")
                failures += 1
                time.sleep(1)
        else:
            sys.exit(f"{name} was never reprotected")
    return failures


def to_home():
    if MODERNIZED:
        refused("an unplanned failback", 409, lambda: plan_unplanned(
            "night", BACK, m.RecoveryPlanInMageRcmFailbackFailoverInput(recovery_point_type="CrashConsistent")))
        poller = plans_api.begin_planned_failover(GROUP, VAULT, "night", m.RecoveryPlanPlannedFailoverInput(
            properties=m.RecoveryPlanPlannedFailoverInputProperties(
                failover_direction=BACK,
                provider_specific_details=[m.RecoveryPlanInMageRcmFailbackFailoverInput(
                    recovery_point_type="CrashConsistent", use_multi_vm_sync_point="True")],
            )
        ))
    else:
        poller = plan_unplanned("night", BACK, m.RecoveryPlanInMageFailoverInput(recovery_point_type="LatestTag"))
    job = job_of("sql01")
    while job.properties.state == "InProgress":
        time.sleep(0.2)
        job = jobs_api.get(GROUP, VAULT, job.name)
    jobs_api.begin_resume(GROUP, VAULT, job.name, m.ResumeJobParams(
        properties=m.ResumeJobParamsProperties(comments="it is green")
    )).result()
    poller.result()
    bound = failover_of(jobs_api.get(GROUP, VAULT, job.name))
    check("the group came home at one point", bound["sql01"] == bound["sql02"], True)
    for name in ALL:
        stands(name, "Primary", TYPES[1], *(("Commit", "CancelFailover") if MODERNIZED else ("Commit",)))


ALL = ["sql01", "sql02", "app01"]
TYPES = ("InMageRcm", "InMageRcmFailback") if MODERNIZED else ("InMageAzureV2", "InMage")
policy = {one.properties.provider_specific_details.instance_type: one.id
          for one in client.replication_policies.list(GROUP, VAULT)}
servers = fabric.properties.custom_details
server = lambda wanted: next(one.id for one in servers.process_servers
                             if getattr(one, "name", None) == wanted or getattr(one, "friendly_name", None) == wanted)

for name in ALL:
    stands(name, "Primary", TYPES[0], "UnplannedFailover", "TestFailover")
plan = put_plan("night", boot("sql01", "sql02", after=[manual("look")]), boot("app01"))
check("the plan's groups", [group.group_type for group in plan.properties.groups],
      ["Shutdown", "Failover", "Boot", "Boot"])
check("the plan's providers", plan.properties.replication_providers, [TYPES[0]])
common = {name: {one.name for one in points(name)
                 if one.properties.provider_specific_details.is_multi_vm_sync_point == "true"} for name in ALL}
check("points of the group are marked", [len(common[name]) > 0 for name in ALL], [True, True, False])
test_failover()
refusals()
to_azure()
change_point()
commit_items()
if MODERNIZED:
    agent = next(one.id for one in servers.reprotect_agents if one.name == "ps-avs-01")
    back = m.InMageRcmReprotectInput(reprotect_agent_id=agent, datastore_name="datastore1",
                                     log_storage_account_id="/storageAccounts/logs", policy_id=policy[TYPES[1]])
else:
    master = servers.master_target_servers[0]
    back = m.InMageReprotectInput(master_target_id=master.id, process_server_id=server("ps-avs-01"),
                                  retention_drive=master.retention_volumes[0].volume_name, profile_id=policy[TYPES[1]])
reprotect(back, BACK)
for name in ALL:
    stands(name, "Recovery", TYPES[1], "PlannedFailover" if MODERNIZED else "UnplannedFailover")
check("points listed on the way home", bool(points("sql01")), not MODERNIZED)
to_home()
commit_plan()
if MODERNIZED:
    forth = m.InMageRcmFailbackReprotectInput(process_server_id=server("ps-westeurope-01"), policy_id=policy[TYPES[0]])
else:
    forth = m.InMageAzureV2ReprotectInput(process_server_id=server("ps-westeurope-01"), policy_id=policy[TYPES[0]])
check("reprotection waited for the agent", reprotect(forth, FORWARD) > 0, True)
for name in ALL:
    stands(name, "Primary", TYPES[0], "UnplannedFailover", "TestFailover")
plans_api.begin_delete(GROUP, VAULT, "night").result()
check("the plan is gone", [one.name for one in plans_api.list(GROUP, VAULT)], [])
jobs = list(jobs_api.list(GROUP, VAULT))
check("jobs are listed newest first", jobs[0].properties.scenario_name, "DeleteRecoveryPlan")
print("cycle complete", flush=True)
