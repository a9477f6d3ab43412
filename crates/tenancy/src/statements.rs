//! The statements of this room.

crate::statements! { "../sql";
    RESOLVE_SESSION = "resolve_session.sql";
    RESOLVE_TOKEN = "resolve_token.sql";
    EPOCH_OF = "epoch_of.sql";
    RESOLVE_NOBODY = "resolve_nobody.sql";
    TOUCH_SESSION = "touch_session.sql";
    TOUCH_TOKEN = "touch_token.sql";
    HELD_GRANTS = "held_grants.sql";
    FACTS_WORKSPACE = "facts_workspace.sql";
    FACTS_UNOPENED = "facts_unopened.sql";
    FACTS_PERSON = "facts_person.sql";
    LOCK_PERSON = "lock_person.sql";
    FACTS_GROUP = "facts_group.sql";
    LOCK_GROUP = "lock_group.sql";
    FACTS_PROCESS = "facts_process.sql";
    FACTS_REQUEST = "facts_request.sql";
    LOCK_REQUEST = "lock_request.sql";
    FACTS_TASK = "facts_task.sql";
    LOCK_TASK = "lock_task.sql";
    INSERT_RECORD = "insert_record.sql";
    INSERT_OUTBOX = "insert_outbox.sql";
    ROUTE_BY_SLUG = "route_by_slug.sql";
    ROUTE_ADD = "route_add.sql";
    ROUTE_LIST = "route_list.sql";
    ROUTE_OF = "route_of.sql";
    COURIER_TAKE = "courier_take.sql";
    COURIER_FAIL = "courier_fail.sql";
    OUTBOX_OPEN = "outbox_open.sql";
    OUTBOX_DONE = "outbox_done.sql";
    TRAIL_LIST = "trail_list.sql";
    TRAIL_OF_TARGET = "trail_of_target.sql";
    TRAIL_COUNT = "trail_count.sql";
    TRAIL_CONTEXT = "trail_context.sql";
}
