//! Claims of the page on request workflows.

use crate::registry::Status::{Awaits, Live};
use crate::registry::{CheckId, Register, Room, registry};

registry! {
    Piq01 "PIQ-01" S Programme Medium "Security is where every design decision begins, not a coat put on afterwards."
        enforced [] layers []
        maps [Iso27001 "A.8.27", Soc2 "CC5.2"]
        register None => Awaits(Room::Claims, "routes, tables, jobs and outbound channels are not yet listed at run time against their rules");
    Piq02 "PIQ-02" S Transport Critical "Everything between a customer's client and the service travels under TLS 1.2 or newer."
        enforced ["countersign: TLS listener", "web: redirects on the plain port", "countersign: list of listeners", "countersign: plain HTTP on loopback only"] layers [Transport, Process]
        maps [Asvs "12.1.1", Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsVersions, CheckId::Listeners]);
    Piq03 "PIQ-03" S Transport High "Only strong cipher suites are accepted."
        enforced ["countersign: TLS listener", "Cargo.toml: aws_lc_rs"] layers [Transport]
        maps [Asvs "12.1.2", Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsSuites]);
    Piq04 "PIQ-04" SD Encryption Critical "Databases are encrypted where they lie, with AES-256."
        enforced ["seal::Sealed", "seal::columns"] layers [Encryption, Types]
        maps [Asvs "11.3.2", Asvs "11.3.4", Iso27001 "A.8.24", Soc2 "CC6.1"]
        register Some(Register::DeploymentFacts) => Live(&[CheckId::SealedColumns]);
    Piq05 "PIQ-05" S Encryption Critical "Stored files are encrypted with AES-256."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Library, "files cannot be attached yet");
    Piq06 "PIQ-06" SD Availability Medium "The service is up at least 99.9 % of every month."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "availability is not yet measured through the public listener, and a month of measurements is needed");
    Piq07 "PIQ-07" O Availability Medium "Paid plans carry a service level agreement."
        enforced [] layers []
        maps [Iso27001 "A.5.20", Soc2 "CC2.3"]
        register Some(Register::ServiceLevels) => Awaits(Room::Claims, "the register of service levels does not exist yet");
    Piq08 "PIQ-08" D Availability Medium "The architecture spans several regions, each watched for its health."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "an installation runs on one machine, and no register of nodes exists yet");
    Piq09 "PIQ-09" SD Defence High "Several layers protect the infrastructure."
        enforced [] layers []
        maps [Iso27001 "A.8.20", Soc2 "CC6.6"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "not every layer has a check of its own yet");
    Piq10 "PIQ-10" D DataUse Low "The whole service runs at the one cloud provider that its operator names."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "CC9.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "the register of deployment facts does not exist yet");
    Piq11 "PIQ-11" D DataUse Medium "Data lives in the stated primary region."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "stores carry no region yet, and nobody has stated one");
    Piq12 "PIQ-12" D KeysAndBackups High "A second region holds the backups and can take over."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "backups to a second place do not exist yet");
    Piq13 "PIQ-13" SD KeysAndBackups High "Copies of the backups go to another region by themselves."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "scheduled backups do not exist yet");
    Piq14 "PIQ-14" SD Defence High "Floods of requests are withstood."
        enforced [] layers []
        maps [Asvs "2.4.1", Asvs "5.2.3", Iso27001 "A.8.20", Soc2 "CC6.6"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Web, "rate limits and time limits are not yet attacked by a check");
    Piq15 "PIQ-15" D Defence High "Servers sit in an isolated private network."
        enforced [] layers []
        maps [Iso27001 "A.8.22", Soc2 "CC6.6"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "the network around an installation is a fact that nobody can state yet");
    Piq16 "PIQ-16" S Defence High "A web application firewall inspects requests."
        enforced [] layers []
        maps [Asvs "1.2.1", Asvs "1.2.5", Asvs "4.2.1", Asvs "5.2.2", Iso27001 "A.8.26", Soc2 "CC6.6"]
        register None => Awaits(Room::Web, "the request filter does not exist yet");
    Piq17 "PIQ-17" S Encryption High "Data is encrypted at several layers: on its way, where it lies, and while it is worked on."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Seal, "core dumps, swapping and the life of cached keys have no check yet");
    Piq18 "PIQ-18" S KeysAndBackups Critical "A key management service holds the keys."
        enforced [] layers []
        maps [Asvs "11.1.2", Asvs "13.3.1", Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Seal, "the default root key is a file beside the data, so whoever copies the whole machine has both");
    Piq19 "PIQ-19" S KeysAndBackups High "Keys are changed on a schedule."
        enforced [] layers []
        maps [Asvs "11.1.1", Asvs "13.3.4", Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Seal, "rotation is not scheduled yet");
    Piq20 "PIQ-20" S KeysAndBackups Critical "Backups are encrypted."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "CC6.1"]
        register None => Awaits(Room::Custody, "backups do not exist yet");
    Piq21 "PIQ-21" D Availability Medium "Every service runs in more than one zone."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "no register of nodes and zones exists yet");
    Piq22 "PIQ-22" SD Availability High "Losing one zone does not interrupt the service."
        enforced [] layers []
        maps [Asvs "2.3.4", Asvs "15.4.2", Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "an installation runs as one node until scale-out");
    Piq23 "PIQ-23" S Availability High "Health is checked and work moves to a healthy node without anybody's help."
        enforced [] layers []
        maps [Asvs "16.5.2", Asvs "16.5.3", Iso27001 "A.8.14", Soc2 "A1.2"]
        register None => Awaits(Room::Countersign, "an installation runs as one node until scale-out");
    Piq24 "PIQ-24" SD Availability Medium "Load is spread over several application servers."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "an installation runs as one node until scale-out");
    Piq25 "PIQ-25" SD Availability Medium "The database has replicas for reading."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Tenancy, "reading from replicas does not exist yet");
    Piq26 "PIQ-26" SD KeysAndBackups High "Recovery from a disaster is rehearsed regularly."
        enforced [] layers []
        maps [Iso27001 "A.5.30", Soc2 "A1.3"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "restore drills do not exist yet");
    Piq27 "PIQ-27" S Access Critical "The right people reach the right things, and nothing beyond them."
        enforced ["tenancy::policy", "tenancy::Permit"] layers [Policy, Types]
        maps [Asvs "8.2.1", Iso27001 "A.5.15", Soc2 "CC6.3"]
        register None => Live(&[CheckId::PolicyMatrix]);
    Piq28 "PIQ-28" S Access High "A workspace can make roles of its own from precise permissions."
        enforced [] layers []
        maps [Asvs "15.3.3", Iso27001 "A.5.18", Soc2 "CC6.3"]
        register None => Awaits(Room::Tenancy, "only the four built-in roles exist");
    Piq29 "PIQ-29" S Access High "Submitting, approving, seeing reports and administering are given separately."
        enforced ["tenancy::policy"] layers [Policy]
        maps [Asvs "2.3.1", Iso27001 "A.5.3", Soc2 "CC6.3"]
        register None => Live(&[CheckId::PermissionFamilies]);
    Piq30 "PIQ-30" S Access High "Permissions can be given for a single process."
        enforced ["tenancy::policy", "migrations/0002_people.sql: countersign.access_grant"] layers [Policy]
        maps [Iso27001 "A.8.3", Soc2 "CC6.3"]
        register None => Live(&[CheckId::ProcessLevel]);
    Piq31 "PIQ-31" S SignIn Critical "People can sign in through their company with SAML 2.0."
        enforced [] layers []
        maps [Asvs "1.5.1", Asvs "6.8.2", Asvs "6.8.3", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "SAML does not exist yet");
    Piq32 "PIQ-32" S SignIn High "Any identity provider that speaks SAML works, the well-known ones included."
        enforced [] layers []
        maps [Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "federation with outside identity providers does not exist yet");
    Piq33 "PIQ-33" S SignIn High "A workspace can make single sign-on the only way in for everybody."
        enforced [] layers []
        maps [Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "single sign-on does not exist yet");
    Piq34 "PIQ-34" S Access High "People are provisioned and removed through SCIM 2.0."
        enforced [] layers []
        maps [Iso27001 "A.5.16", Soc2 "CC6.2"]
        register None => Awaits(Room::Identity, "SCIM does not exist yet");
    Piq35 "PIQ-35" S Access Critical "Whoever is deprovisioned loses access at once, with no step by hand."
        enforced [] layers []
        maps [Asvs "7.4.2", Iso27001 "A.5.18", Soc2 "CC6.2"]
        register None => Awaits(Room::Identity, "provisioning from outside does not exist yet");
    Piq36 "PIQ-36" S SignIn High "Sessions end after a time."
        enforced [] layers []
        maps [Asvs "7.2.4", Asvs "7.3.1", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "sessions do end, but no check tries an expired one yet");
    Piq37 "PIQ-37" S SignIn High "A session is bound to the device that began it."
        enforced [] layers []
        maps [Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "sessions are not bound to a device yet");
    Piq38 "PIQ-38" S SignIn Medium "Administrators see which sessions are open."
        enforced [] layers []
        maps [Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "the list of open sessions does not exist yet");
    Piq39 "PIQ-39" S SignIn High "An administrator can end any single session."
        enforced [] layers []
        maps [Asvs "7.4.1", Asvs "7.4.5", Asvs "8.3.2", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "ending another person's session does not exist yet");
    Piq40 "PIQ-40" S SignIn Medium "A workspace sets how long a session may last."
        enforced [] layers []
        maps [Asvs "7.3.2", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "the length of sessions cannot be set per workspace yet");
    Piq41 "PIQ-41" S Defence High "Suspicious behaviour of a session raises an alert by itself."
        enforced [] layers []
        maps [Asvs "6.3.1", Asvs "6.3.5", Iso27001 "A.8.16", Soc2 "CC7.2"]
        register None => Awaits(Room::Identity, "detection rules do not exist yet");
    Piq42 "PIQ-42" S Records Critical "Every act is recorded: submitting, approving, rejecting, delegating, commenting, escalating."
        enforced [] layers []
        maps [Asvs "2.3.3", Asvs "16.3.1", Asvs "16.3.2", Iso27001 "A.8.15", Soc2 "CC7.2"]
        register None => Awaits(Room::Requests, "delegation and escalation do not exist yet, so not every act of the sentence can be tried");
    Piq43 "PIQ-43" S Records Critical "The log shows any tampering."
        enforced ["ledger::Integrator", "ledger::Report", "migrations/0013_log.sql: ENABLE ALWAYS TRIGGER no_mod"] layers [Records, Database]
        maps [Asvs "16.4.3", Iso27001 "A.5.33", Soc2 "CC7.2"]
        register None => Live(&[CheckId::TrailTree]);
    Piq44 "PIQ-44" S Records High "A record holds who, when, from which address and device, and what it was about."
        enforced ["tenancy::Record", "migrations/0007_audit.sql: digests      bytea NOT NULL"] layers [Records, Database]
        maps [Iso27001 "A.8.15", Soc2 "CC7.2"]
        register None => Live(&[CheckId::RecordContext]);
    Piq45 "PIQ-45" S Records Critical "Nobody changes or deletes a record, administrators included."
        enforced ["migrations/0007_audit.sql: GRANT INSERT (", "migrations/0007_audit.sql: ENABLE ALWAYS TRIGGER no_mod", "migrations/0007_audit.sql: ENABLE ALWAYS TRIGGER no_trunc"] layers [Records, Database]
        maps [Asvs "16.4.2", Iso27001 "A.5.33", Soc2 "CC7.2"]
        register None => Live(&[CheckId::RecordAppendOnly]);
    Piq46 "PIQ-46" S Isolation Critical "The database keeps every workspace's data in a partition of its own."
        enforced ["migrations/0002_people.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FOREIGN KEY (workspace_id"] layers [Database]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::RowSecurity]);
    Piq47 "PIQ-47" S Isolation Critical "The application separates workspaces a second time, by itself."
        enforced ["tenancy::Scope", "clippy.toml: tokio_postgres::Client"] layers [Types]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::ScopedStatements]);
    Piq48 "PIQ-48" S Isolation Critical "There is no way for one customer to reach another customer's data."
        enforced ["tenancy::Scope", "tenancy::Permit", "migrations/0005_requests.sql: FORCE ROW LEVEL SECURITY", "seal::Sealed"] layers [Types, Policy, Database, Encryption]
        maps [Asvs "1.2.4", Asvs "8.4.1", Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::CrossWorkspace]);
    Piq49 "PIQ-49" S Isolation High "Isolation is the same under every plan."
        enforced ["tenancy::Scope", "migrations/0005_requests.sql: current_setting('app.workspace_id')"] layers [Types, Database]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::PlanIndependence]);
    Piq50 "PIQ-50" S Retention High "Customers set how long their data is kept."
        enforced [] layers []
        maps [Asvs "14.2.7", Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "retention rules do not exist yet");
    Piq51 "PIQ-51" S Retention High "Within 30 days after a contract ends, the data is permanently gone."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "the clock of an ended workspace does not exist yet");
    Piq52 "PIQ-52" S Retention High "Deletion reaches the primary store, the backups and everything derived from them."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "shredding of keys at the end of a workspace does not exist yet");
    Piq53 "PIQ-53" SO DataUse High "Data from Google is used within the Limited Use policy only."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register Some(Register::Policies) => Awaits(Room::Channels, "no connection to Google exists yet");
    Piq54 "PIQ-54" S DataUse Medium "Google is asked for the smallest set of rights only."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Channels, "no connection to Google exists yet");
    Piq55 "PIQ-55" S DataUse High "Customer data is never used for advertising."
        enforced [] layers []
        maps [Asvs "13.2.4", Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Channels, "outbound connections are not yet held to a list");
    Piq56 "PIQ-56" S DataUse High "Customer data is shared with nobody beyond what the service needs."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "P6.1"]
        register None => Awaits(Room::Channels, "outbound connections are not yet held to a list");
    Piq57 "PIQ-57" S DataUse High "No AI is trained on customer data unless the customer agrees."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Library, "no model is connected yet, so there is nothing to attack");
    Piq58 "PIQ-58" S DataUse Medium "People can withdraw Google access at any time, at Google."
        enforced [] layers []
        maps [Iso27001 "A.5.18", Soc2 "P2.1"]
        register None => Awaits(Room::Channels, "no connection to Google exists yet");
    Piq59 "PIQ-59" S SignIn High "Microsoft 365 is connected through OAuth 2.0 and no password of it is stored."
        enforced [] layers []
        maps [Asvs "10.2.1", Iso27001 "A.5.17", Soc2 "CC6.1"]
        register None => Awaits(Room::Channels, "no connection to Microsoft 365 exists yet");
    Piq60 "PIQ-60" S DataUse Medium "Microsoft is asked only for the rights that the enabled features need."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Channels, "no connection to Microsoft 365 exists yet");
    Piq61 "PIQ-61" S Encryption High "Tokens for connected services are stored encrypted and reach no further than needed."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Channels, "no connected service exists yet");
    Piq62 "PIQ-62" S DataUse Medium "Administrators can withdraw Microsoft access in Microsoft's own portal."
        enforced [] layers []
        maps [Iso27001 "A.5.18", Soc2 "P2.1"]
        register None => Awaits(Room::Channels, "no connection to Microsoft 365 exists yet");
    Piq63 "PIQ-63" S DataUse High "Data from Microsoft 365 is not kept past the session that asked for it."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "P4.2"]
        register None => Awaits(Room::Channels, "no connection to Microsoft 365 exists yet");
    Piq64 "PIQ-64" S Defence Medium "Weaknesses can be reported in private."
        enforced [] layers []
        maps [Iso27001 "A.6.8", Soc2 "CC2.3"]
        register None => Awaits(Room::Web, "the report form and security.txt do not exist yet");
    Piq65 "PIQ-65" SO Defence Medium "A report is acknowledged within 48 hours."
        enforced [] layers []
        maps [Iso27001 "A.5.26", Soc2 "CC7.4"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "the disclosure inbox and its clock do not exist yet");
    Piq66 "PIQ-66" O Defence Low "Whoever reports a weakness hears how it goes on."
        enforced [] layers []
        maps [Iso27001 "A.5.26", Soc2 "CC7.4"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "the disclosure inbox does not exist yet");
    Piq67 "PIQ-67" O Defence Medium "Research in good faith meets no legal action."
        enforced [] layers []
        maps [Iso27001 "A.5.31", Soc2 "CC2.3"]
        register Some(Register::Policies) => Awaits(Room::Claims, "nobody has published the text that promises it");
    Piq68 "PIQ-68" O Defence Low "Who reports a weakness is thanked in public, if they wish."
        enforced [] layers []
        maps [Iso27001 "A.5.26", Soc2 "CC2.3"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "the disclosure inbox does not exist yet");
    Piq69 "PIQ-69" O Defence Low "Research keeps away from the data of others, from disruption and from more exploitation than a proof needs."
        enforced [] layers []
        maps [Iso27001 "A.5.31", Soc2 "CC2.3"]
        register Some(Register::Policies) => Awaits(Room::Claims, "nobody has published the rules for research");
    Piq70 "PIQ-70" SO Programme Medium "Questions on security, compliance and residency are answered, with documents on request."
        enforced [] layers []
        maps [Iso27001 "A.5.36", Soc2 "CC2.3"]
        register Some(Register::Assurance) => Awaits(Room::Claims, "the signed bundle of evidence does not exist yet");
    Piq71 "PIQ-71" S DataUse High "Customer data belongs to the customer."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P5.1"]
        register None => Awaits(Room::Custody, "the full export by the owner does not exist yet");
}
