//! Names of logs (C2SP tlog-checkpoint, origin). A log keeps its name for ever; after a restore another epoch begins.

use seal::WorkspaceKeys;
use tenancy::WorkspaceId;
use tenancy::log::Names;
use tlog::SigningKey;

/// The name of a workspace's log.
#[must_use]
pub fn of_workspace(names: &Names, workspace: WorkspaceId) -> String {
    format!("{}/ws/{workspace}/e{}", names.host, names.epoch)
}

/// The name of the deployment's log; its platform workspace tells two deployments of one host apart.
#[must_use]
pub fn of_deployment(names: &Names, platform: WorkspaceId) -> String {
    format!("{}/deployment/{platform}/e{}", names.host, names.epoch)
}

/// Whether a name is one of this workspace's, of an epoch.
#[must_use]
pub fn is_of(origin: &str, workspace: WorkspaceId) -> bool {
    origin.rsplit_once("/e").is_some_and(|(log, _)| log.ends_with(&format!("/ws/{workspace}")))
}

/// A name for a host that makes a key's name: no space, no plus, not too long; else what stands for no name at all.
#[must_use]
pub fn host_of(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.trim_end_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    match !host.is_empty() && host.len() <= 200 && host.chars().all(is_plain) {
        true => host.to_owned(),
        false => "countersign.invalid".to_owned(),
    }
}

/// The key that signs a log's checkpoints: derived under the workspace's own keys, which are not in the database.
#[must_use]
pub fn signing_key(keys: &WorkspaceKeys, origin: &str) -> Option<SigningKey> {
    let seed = keys.checkpoint_seed(origin)?;
    SigningKey::from_seed(origin, seed.expose()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_have_names_of_their_own() {
        let names = Names { host: host_of("https://sign.example.org/"), epoch: 2 };
        let workspace: WorkspaceId = "6f9619ff-8b86-4d01-b42d-00c04fc964ff".parse().unwrap();
        let origin = of_workspace(&names, workspace);
        assert_eq!(origin, "sign.example.org/ws/6f9619ff-8b86-4d01-b42d-00c04fc964ff/e2");
        assert!(is_of(&origin, workspace) && !is_of(&origin, WorkspaceId::random()));
        assert_ne!(of_deployment(&names, workspace), origin);
        for (url, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://a b", "countersign.invalid"),
            ("", "countersign.invalid"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
