//! The first start, several times and at once.

use super::*;
use crate::passwords::Passwords;
use crate::tasks::first_run::ensure;

testkit::both! {
    async fn the_first_start_happens_once(world: World) {
        let folder = world.bench.folder().join("identity");
        #[cfg(unix)]
        for name in ["admin.token", "signing.key"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(!folder.join("admin.password").exists(), "the password came from the settings");
        let mut root = world.root();
        let me = body(root.who_am_i(pb::WhoAmIRequest {}).await).unwrap();
        assert_eq!((me.tenant_slug.as_str(), me.roles.as_slice()), ("default", &["admin".to_owned()][..]));
        world.sign_in_root().await;

        let before = std::fs::read(folder.join("admin.token")).unwrap();
        let passwords = Passwords::new(&settings().hashing).unwrap();
        let (store, clock) = (world.store(), world.clock());
        let elsewhere = tempfile::tempdir().unwrap();
        let config = Config::default();
        for folder in [folder.as_path(), elsewhere.path()] {
            let tenant = ensure(&store, &passwords, &config, clock.as_ref(), folder).await.unwrap();
            assert_eq!(tenant.to_string(), me.tenant_id);
        }
        assert_eq!(std::fs::read(folder.join("admin.token")).unwrap(), before);
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        root.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    }

    async fn racing_processes_make_one_tenant(world: World) {
        // As on an empty database: the tenant of the bench's own start is put aside under another slug.
        let scope = auth::Scope::system_all("test");
        let store = world.store();
        store.slug_replace(&scope, "default", "before").await.unwrap();
        let passwords = Passwords::new(&settings().hashing).unwrap();
        let (config, clock) = (Config::default(), world.clock());
        let (shared, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = |folder: &std::path::Path| {
            let (store, passwords, config) = (store.clone(), passwords.clone(), config.clone());
            let (clock, folder) = (clock.clone(), folder.to_owned());
            async move { ensure(&store, &passwords, &config, clock.as_ref(), &folder).await.unwrap() }
        };
        let (a, b, c) = tokio::join!(run(shared.path()), run(shared.path()), run(other.path()));
        assert!(a == b && b == c);
        world.bench.refresh_policy().await;
        let mut valid = 0;
        for folder in [&shared, &other] {
            let (token, password) = (folder.path().join("admin.token"), folder.path().join("admin.password"));
            assert_eq!(token.exists(), password.exists());
            if let Ok(text) = std::fs::read_to_string(token) {
                world.with(text.trim()).who_am_i(pb::WhoAmIRequest {}).await.unwrap();
                let password = std::fs::read_to_string(password).unwrap();
                world.sign_in("", FIRST_ADMINISTRATOR, password.trim()).await.unwrap();
                valid += 1;
            }
        }
        assert_eq!(valid, 1, "whose files stay, they open");
    }
}
