"""The tables of the instance: which extends which, their columns, and what their choices mean."""

from __future__ import annotations

from dataclasses import dataclass, field

from backhaul.sandbox.servicenow.columns import Choices, Column, columns

SYSTEM = "sys_id:GUID- sys_created_on:glide_date_time- sys_created_by:string-"
CHANGES = "sys_updated_on:glide_date_time- sys_updated_by:string- sys_mod_count:integer-"
CLASS = "sys_class_name:sys_class_name-"


def choices(text: str) -> Choices:
    """`1 New|2 In Progress`: value and label."""
    return tuple((value, label) for value, _, label in (each.partition(" ") for each in text.split("|")))


PRIORITIES = choices("1 1 - Critical|2 2 - High|3 3 - Moderate|4 4 - Low|5 5 - Planning")
LEVELS = choices("1 1 - High|2 2 - Medium|3 3 - Low")
CHANNELS = choices("email Email|phone Phone|self-service Self-service|chat Chat|web Web")
STATES = {
    "task": choices("-5 Pending|1 Open|2 Work in Progress|3 Closed Complete|4 Closed Incomplete|7 Closed Skipped"),
    "incident": choices("1 New|2 In Progress|3 On Hold|6 Resolved|7 Closed|8 Canceled"),
    "problem": choices("101 New|102 Assess|103 Root Cause Analysis|104 Fix in Progress|106 Resolved|107 Closed"),
    "change_request": choices("-5 New|-4 Assess|-3 Authorize|-2 Scheduled|-1 Implement|0 Review|3 Closed|4 Canceled"),
    "sn_customerservice_case": choices("1 New|10 Open|18 Awaiting Info|6 Resolved|3 Closed|7 Cancelled"),
}


@dataclass(slots=True)
class TableDefinition:
    """One table. columns: its own, without those of what it extends. number: what its numbers begin with. audited: its
    deletions are recorded."""

    name: str
    label: str
    parent: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    number: str = ""
    audited: bool = True

    @property
    def custom(self) -> bool:
        return self.name.startswith("u_")


def table(
    name: str,
    label: str,
    own: str,
    *,
    parent: str | None = None,
    number: str = "",
    audited: bool = True,
    options: dict[str, Choices] | None = None,
    system: str = f"{SYSTEM} {CHANGES}",
    extended: bool = False,
) -> TableDefinition:
    """extended: others extend it, so that its rows tell their class."""
    whole = own if parent is not None else f"{system} {CLASS if extended else ''} {own}"
    return TableDefinition(
        name, label, parent, {each.name: each for each in columns(whole, options or {})}, number, audited
    )


def instance() -> dict[str, TableDefinition]:
    """As a customer has made it: with fields and tables of its own."""
    found = [
        table(
            "task", "Task",
            "number:string- short_description:string description:string state:integer priority:integer impact:integer "
            "urgency:integer active:boolean assigned_to:reference(sys_user) assignment_group:reference(sys_user_group) "
            "opened_at:glide_date_time opened_by:reference(sys_user) closed_at:glide_date_time "
            "closed_by:reference(sys_user) "
            "due_date:glide_date_time parent:reference(task) company:reference(core_company) "
            "cmdb_ci:reference(cmdb_ci) "
            "contact_type:string correlation_id:string correlation_display:string approval:string made_sla:boolean "
            "watch_list:glide_list(sys_user) comments:journal_input work_notes:journal_input",
            number="TASK", extended=True,
            options={"state": STATES["task"], "priority": PRIORITIES, "impact": LEVELS, "urgency": LEVELS,
                     "contact_type": CHANNELS},
        ),
        table(
            "incident", "Incident",
            "caller_id:reference(sys_user) category:string severity:integer resolved_at:glide_date_time "
            "resolved_by:reference(sys_user) close_code:string close_notes:string problem_id:reference(problem) "
            "reopen_count:integer business_duration:glide_duration u_severity_score:decimal u_region:string",
            parent="task", number="INC",
            options={"state": STATES["incident"], "severity": LEVELS,
                     "category": choices("inquiry Inquiry / Help|software Software|hardware Hardware"),
                     "u_region": choices("emea EMEA|amer Americas|apac Asia Pacific")},
        ),
        table(
            "problem", "Problem",
            "known_error:boolean workaround:html resolved_at:glide_date_time cause_notes:html", parent="task",
            number="PRB", options={"state": STATES["problem"]},
        ),
        table(
            "change_request", "Change Request",
            "type:string risk:integer start_date:glide_date_time end_date:glide_date_time close_code:string "
            "requested_by:reference(sys_user)",
            parent="task", number="CHG",
            options={"state": STATES["change_request"],
                     "type": choices("standard Standard|normal Normal|emergency Emergency")},
        ),
        table(
            "sn_customerservice_case", "Case",
            "account:reference(customer_account) contact:reference(customer_contact) category:integer "
            "resolved_at:glide_date_time resolved_by:reference(sys_user) first_response_time:glide_date_time",
            parent="task", number="CS",
            options={"state": STATES["sn_customerservice_case"], "category": choices("0 Question|1 Issue")},
        ),
        table(
            "sys_user", "User",
            "user_name:string!* name:string- first_name:string last_name:string email:string phone:string "
            "mobile_phone:string title:string active:boolean locked_out:boolean company:reference(core_company) "
            "manager:reference(sys_user) department:reference(cmn_department) time_zone:string user_password:password2",
            extended=True,
        ),
        table("customer_contact", "Contact", "account:reference(customer_account)", parent="sys_user"),
        table(
            "core_company", "Company",
            "name:string! street:string city:string state:string zip:string country:string phone:string "
            "website:string "
            "customer:boolean vendor:boolean parent:reference(core_company) num_employees:integer "
            "revenue_per_year:currency notes:string",
            extended=True,
        ),
        table(
            "customer_account", "Account",
            "number:string- industry:string primary_contact:reference(customer_contact) "
            "account_owner:reference(sys_user) registration_code:string u_tier:string",
            parent="core_company", number="ACCT",
            options={"u_tier": choices("gold Gold|silver Silver")},
        ),
        table(
            "sys_user_group", "Group",
            "name:string!* description:string manager:reference(sys_user) parent:reference(sys_user_group) "
            "email:string active:boolean",
        ),
        table(
            "sys_user_grmember", "Group Member", "user:reference(sys_user)! group:reference(sys_user_group)!",
        ),
        table(
            "cmdb_ci", "Configuration Item",
            "name:string! asset_tag:string serial_number:string operational_status:integer "
            "assigned_to:reference(sys_user) "
            "company:reference(core_company) category:string correlation_id:string",
            extended=True,
        ),
        table(
            "cmdb_ci_server", "Server", "os:string ram:integer cpu_count:integer ip_address:string", parent="cmdb_ci",
        ),
        table("cmn_department", "Department", "name:string! description:string"),
        table("kb_knowledge_base", "Knowledge Base", "title:string! active:boolean"),
        table(
            "kb_knowledge", "Knowledge",
            "number:string- short_description:string! text:html workflow_state:string "
            "kb_knowledge_base:reference(kb_knowledge_base) author:reference(sys_user) published:glide_date "
            "valid_to:glide_date active:boolean",
            number="KB",
        ),
        table(
            "sys_attachment", "Attachment",
            "file_name:string- content_type:string- size_bytes:integer- table_name:string- table_sys_id:string-",
        ),
        table(
            "sys_journal_field", "Journal Entry", "name:string element:string element_id:string value:string",
            system=SYSTEM,
        ),
        table(
            "sys_audit_delete", "Audit Deleted Record", "tablename:string- documentkey:string- display_value:string-",
            audited=False,
        ),
        table(
            "u_subscription", "Subscription",
            "u_name:string! u_code:string* u_account:reference(customer_account) u_mrr:decimal u_seats:integer "
            "u_starts:glide_date u_trial_ends:glide_date_time u_active:boolean",
        ),
        table("u_reading", "Reading", "u_name:string! u_value:decimal u_at:glide_date_time", audited=False),
    ]  # fmt: skip
    return {each.name: each for each in found}
