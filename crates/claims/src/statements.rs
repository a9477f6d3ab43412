//! The statements of this room.

tenancy::statements! { "sql";
    CANARY_PROCESS = "canary_process.sql";
    CANARY_REQUEST = "canary_request.sql";
    CANARY_COMMENT = "canary_comment.sql";
    CANARY_GROUP = "canary_group.sql";
    CANARY_PEOPLE_MARK = "canary_people_mark.sql";
    CANARY_TOKENS_END = "canary_tokens_end.sql";
    CANARY_HAS_PASSWORD = "canary_has_password.sql";
    CANARY_PLAN = "canary_plan.sql";
    CANARY_PLAN_SET = "canary_plan_set.sql";
    PASSWORDS_STORED = "passwords_stored.sql";
    RECORDS_OF_DAY = "records_of_day.sql";
    RECORD_OF_ACT = "record_of_act.sql";
    ROLE_SETTINGS = "role_settings.sql";
    UNIQUE_IDS = "unique_ids.sql";
    STATE_LIST = "state_list.sql";
    STATE_SET = "state_set.sql";
}
