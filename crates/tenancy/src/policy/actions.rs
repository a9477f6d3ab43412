//! Every act of the product: its code in the trail, its target, its rule, and the internal actors that may do it.

use super::{Atom, Rule};
use crate::targets::{PersonTarget, Target, Unopened, Whole};
use crate::{GroupId, Internal, PersonId, ProcessId, RequestId, StreamId, TaskId};

/// An act that a permit is for.
pub trait Action: Send + Sync + 'static {
    /// Code in the audit trail; from a closed list, never renamed.
    const CODE: &'static str;
    /// What must hold.
    const RULE: Rule;
    /// Internal actors that may do it.
    const INTERNAL: &'static [Internal];
    /// What it is done to.
    type Target: Target;
}

/// One row of the printed policy table.
#[derive(Debug, Clone, Copy)]
pub struct ActionRow {
    /// See [`Action::CODE`].
    pub code: &'static str,
    /// See [`Action::RULE`].
    pub rule: Rule,
    /// See [`Action::INTERNAL`].
    pub internal: &'static [Internal],
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $code:literal on $target:ty: $rule:expr $(, by $($internal:ident)+)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;
            impl Action for $name {
                const CODE: &'static str = $code;
                const RULE: Rule = $rule;
                const INTERNAL: &'static [Internal] = &[$($(Internal::$internal),+)?];
                type Target = $target;
            }
        )*
        /// Every act, in the order of the list: the policy table is printed from it.
        pub const ACTIONS: &[ActionRow] = &[$(ActionRow { code: $code, rule: $rule, internal: <$name as Action>::INTERNAL }),*];
    };
}

actions! {
    /// Signs a person in with a password.
    SignIn "session.sign_in" on Whole: Rule::Visitor;
    /// Refuses a sign-in.
    RefuseSignIn "session.sign_in_refused" on Whole: Rule::Visitor;
    /// Uses a one-time link.
    UseLink "link.use" on Whole: Rule::Visitor;
    /// Ends one's own session.
    SignOut "session.end" on Whole: Rule::Person(Atom::RequestSubmit);
    /// Sets one's own password.
    SetPassword "password.set" on PersonTarget: Rule::InPerson;
    /// Sees the home page and its lists.
    SeeHome "home.see" on Whole: Rule::Person(Atom::RequestRead);
    /// Sees a process one may use.
    SeeProcess "process.see" on ProcessId: Rule::ProcessSeen;
    /// Hands in a request.
    SubmitRequest "request.submit" on ProcessId: Rule::Process(Atom::RequestSubmit);
    /// Saves a request without handing it in.
    SaveDraft "request.draft" on ProcessId: Rule::Process(Atom::RequestSubmit);
    /// Hands in what was saved.
    SubmitDraft "request.submit_draft" on RequestId: Rule::Requester(Atom::RequestSubmit);
    /// Reads a request.
    SeeRequest "request.see" on RequestId: Rule::RequestSeen;
    /// Comments on a request.
    CommentOnRequest "request.comment" on RequestId: Rule::RequestSeenWith(Atom::RequestComment);
    /// Edits a request and hands it in again.
    EditRequest "request.edit" on RequestId: Rule::Requester(Atom::RequestWithdrawOwn);
    /// Answers a return without changing the content.
    AnswerReturn "request.answer" on RequestId: Rule::Requester(Atom::RequestWithdrawOwn);
    /// Withdraws a request.
    WithdrawRequest "request.withdraw" on RequestId: Rule::Requester(Atom::RequestWithdrawOwn);
    /// Asks others in place of somebody who left.
    ReplaceApprover "request.replace_approver" on RequestId: Rule::InternalOnly, by Courier;
    /// Sees a task of one's own.
    SeeTask "task.see" on TaskId: Rule::Assignee(Atom::RequestDecide);
    /// Approves.
    ApproveTask "request.approve" on TaskId: Rule::Assignee(Atom::RequestDecide);
    /// Rejects.
    RejectTask "request.reject" on TaskId: Rule::Assignee(Atom::RequestDecide);
    /// Asks for changes.
    AskForChanges "request.ask_changes" on TaskId: Rule::Assignee(Atom::RequestDecide);
    /// Views the reports of a process.
    SeeReport "report.see" on ProcessId: Rule::Process(Atom::ReportView);
    /// Sees processes with their versions.
    SeeVersions "process.versions" on Whole: Rule::Workspace(Atom::ProcessPublish);
    /// Publishes a new process or a new version of one.
    PublishProcess "process.publish" on Whole: Rule::Workspace(Atom::ProcessPublish), by Operator;
    /// Sees people and groups.
    SeePeople "people.see" on Whole: Rule::Workspace(Atom::PeopleRead);
    /// Adds a person, by invitation or, at the control socket, at once.
    AddPerson "person.add" on Whole: Rule::Workspace(Atom::PeopleManage), by Operator;
    /// Changes a person's manager or name.
    ChangePerson "person.change" on PersonId: Rule::Workspace(Atom::PeopleManage), by Operator;
    /// Ends a person's access.
    EndPerson "person.end" on PersonId: Rule::Workspace(Atom::PeopleManage), by Operator;
    /// Issues a one-time link to a person.
    IssueLink "link.issue" on PersonId: Rule::Workspace(Atom::PeopleManage), by Operator;
    /// Makes a group.
    AddGroup "group.add" on Whole: Rule::Workspace(Atom::GroupManage), by Operator;
    /// Changes who is in a group.
    ChangeGroup "group.change" on GroupId: Rule::Workspace(Atom::GroupManage), by Operator;
    /// Grants or takes a role.
    GrantRole "access.grant" on PersonId: Rule::Workspace(Atom::AccessGrant), by Operator;
    /// Grants a role at a process.
    GrantAtProcess "access.grant_process" on ProcessId: Rule::Workspace(Atom::AccessGrant), by Operator;
    /// Sees one's own API tokens.
    SeeTokens "token.see" on Whole: Rule::Person(Atom::TokenManage);
    /// Issues an API token to oneself.
    IssueToken "token.issue" on PersonTarget: Rule::Oneself(Atom::TokenManage), by Operator;
    /// Revokes an API token of one's own.
    RevokeToken "token.revoke" on PersonTarget: Rule::Oneself(Atom::TokenManage), by Operator;
    /// Reads the audit trail.
    SeeTrail "audit.see" on Whole: Rule::Workspace(Atom::AuditRead), by Operator Prober Streamer;
    /// Takes the audit trail out of the installation.
    ExportTrail "audit.export" on Whole: Rule::Workspace(Atom::AuditRead), by Operator;
    /// Orders that what records hold of a person or a month is erased.
    OrderErasure "audit.erase_ordered" on Whole: Rule::Workspace(Atom::WorkspaceOwn), by Operator;
    /// Destroys the keys that an order names.
    ShredKeys "audit.shredded" on Whole: Rule::InternalOnly, by Custodian;
    /// Clears the parts that they sealed.
    EraseParts "audit.erased" on Whole: Rule::InternalOnly, by Custodian;
    /// Orders that the logs begin anew in another epoch; a permit of the platform's own workspace.
    OrderEpoch "log.epoch_ordered" on Whole: Rule::InternalOnly, by Operator;
    /// Begins a workspace's log anew, after a restore or by an order.
    OpenEpoch "log.epoch_opened" on Whole: Rule::InternalOnly, by Integrator;
    /// Orders that the log of the workspace is recomputed.
    VerifyTrail "audit.verify" on Whole: Rule::Workspace(Atom::AuditRead);
    /// Notes what recomputing the log came to.
    NoteVerification "audit.verified" on Whole: Rule::InternalOnly, by Prober;
    /// Takes the log's newest checkpoint away, to keep it elsewhere.
    TakeCheckpoint "audit.checkpoint" on Whole: Rule::Workspace(Atom::AuditRead);
    /// Has the newest checkpoint mailed to oneself every day, or stops that.
    MailCheckpoint "audit.checkpoint_mail" on Whole: Rule::Workspace(Atom::AuditRead);
    /// Sends the newest checkpoint to those who want it.
    SendCheckpoint "audit.checkpoint_sent" on Whole: Rule::InternalOnly, by Streamer;
    /// Sees where streams of the audit trail go, and how far they are.
    SeeStreams "stream.see" on Whole: Rule::Workspace(Atom::AuditRead), by Prober;
    /// Makes a stream of the audit trail.
    AddStream "stream.add" on Whole: Rule::Workspace(Atom::StreamManage);
    /// Sends a test event to a stream's receiver.
    TestStream "stream.test" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Pauses a stream.
    PauseStream "stream.pause" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Lets a stream go on, with the batch at which it stood.
    ResumeStream "stream.resume" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Leaves out the batch at which a stream stands.
    SkipBatch "stream.skip" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Gives a stream another secret to sign with.
    RotateStream "stream.rotate" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Removes a stream.
    RemoveStream "stream.remove" on StreamId: Rule::Workspace(Atom::StreamManage);
    /// Lets a stream follow its log into the epoch in which that began anew.
    FollowEpoch "stream.follow" on StreamId: Rule::InternalOnly, by Streamer;
    /// Stops a stream whose receiver takes nothing any more, or that cannot be read.
    StopStream "stream.stop" on StreamId: Rule::InternalOnly, by Streamer;
    /// Makes a workspace; a permit of the platform's own workspace.
    AddWorkspace "workspace.add" on Whole: Rule::Workspace(Atom::WorkspaceOwn), by Operator;
    /// Opens the new workspace: its first record.
    OpenWorkspace "workspace.open" on Unopened: Rule::InternalOnly, by Operator;
    /// Sees the list of workspaces of this installation; a permit of the platform's own workspace.
    SeeWorkspaces "workspace.see" on Whole: Rule::Workspace(Atom::WorkspaceOwn), by Operator;
    /// Orders the end of the workspace.
    OrderEnd "workspace.end_ordered" on Whole: Rule::Workspace(Atom::WorkspaceOwn), by Operator;
    /// Takes that order back.
    CancelEnd "workspace.end_cancelled" on Whole: Rule::Workspace(Atom::WorkspaceOwn), by Operator;
    /// Closes a workspace whose end is due: its last record.
    CloseWorkspace "workspace.closed" on Whole: Rule::InternalOnly, by Custodian;
    /// Destroys the keys of a closed workspace; a permit of the platform's own workspace.
    ShredWorkspace "workspace.shredded" on Whole: Rule::InternalOnly, by Custodian;
    /// Deletes its rows; a permit of the platform's own workspace.
    EraseWorkspace "workspace.erased" on Whole: Rule::InternalOnly, by Custodian;
    /// Delivers an effect.
    DeliverEffect "effect.deliver" on Whole: Rule::InternalOnly, by Courier;
    /// Notes a check's verdict.
    NoteVerdict "claim.verdict" on Whole: Rule::InternalOnly, by Prober;
    /// Prepares the canary workspaces of the live checks.
    PrepareCanary "canary.prepare" on Whole: Rule::InternalOnly, by Prober;
}
