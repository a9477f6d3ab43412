//! The audit list narrowed by actor, act, target and time: the right records, by an index, and words for what is wrong.

use jiff::Timestamp;
use serde_json::{Value, json};
use tenancy::policy::SeeTrail;
use tenancy::trail::{self, TrailFilter, TrailRow};
use tenancy::{PersonId, Whole, statements};
use testkit::{TestDb, Workspace, purchase, submit, tasks_of, two_workspaces};

use crate::server::Server;

/// Every record of a filter, by pages of so many.
async fn pages(workspace: &Workspace, filter: &TrailFilter, rows: i64) -> Vec<TrailRow> {
    let mut view = workspace.view("owner").await;
    let permit = view.permit::<SeeTrail>(Whole).await.unwrap();
    let mut filter = filter.clone();
    let mut all = Vec::new();
    loop {
        let page = trail::list(&view, &permit, &filter, rows).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.place().to_string().parse().unwrap());
        all.extend(page);
    }
    view.finish();
    all
}

#[tokio::test]
async fn every_combination_gives_the_records_it_means() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    for n in 0..4 {
        let made = submit(&north, "member", "purchase", &purchase(&format!("Chair {n}"), "10.00")).await.unwrap();
        assert!(!tasks_of(&north, made.id).await.is_empty());
        submit(&north, "manager", "purchase", &purchase("Desk", "20.00")).await.unwrap();
    }
    // Records of one microsecond are told apart by their number.
    let same = "ALTER TABLE audit.record DISABLE TRIGGER no_mod;
        UPDATE audit.record SET ts = (SELECT max(ts) FROM audit.record) WHERE action = 'request.submit';
        ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod";
    t.owner.batch_execute(same).await.unwrap();
    let all = pages(&north, &TrailFilter::default(), 200).await;
    assert!(all.len() > 20 && all.iter().filter(|row| row.action == "request.submit").count() == 8);
    assert!(all.is_sorted_by_key(|row| std::cmp::Reverse((row.at, row.order))), "newest first");
    let times: Vec<Option<Timestamp>> =
        [None].into_iter().chain([0, 3, all.len() / 2, all.len() - 1].map(|at| Some(all[at].at))).collect();
    let actors = [None, Some(north.person("member")), Some(north.person("owner")), Some(PersonId::random())];
    let targets = [None, all[0].target, all[all.len() - 1].target];
    let mut asked = 0;
    for actor in actors {
        for action in [None, Some("request.submit"), Some("person.add"), Some("none")] {
            for target in targets {
                for from in &times {
                    for until in &times {
                        let (from, until) = (*from, *until);
                        let action = action.map(str::to_owned);
                        let expected = all.iter().filter(|row| {
                            actor.is_none_or(|actor| row.actor == Some(actor))
                                && action.as_ref().is_none_or(|action| row.action == *action)
                                && target.is_none_or(|target| row.target == Some(target))
                                && from.is_none_or(|from| row.at >= from)
                                && until.is_none_or(|until| row.at < until)
                        });
                        let expected: Vec<i64> = expected.map(|row| row.order).collect();
                        let filter = TrailFilter { target, actor, action, from, until, before: None };
                        let found = pages(&north, &filter, 7).await;
                        let found: Vec<i64> = found.iter().map(|row| row.order).collect();
                        assert_eq!(found, expected, "{filter:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert_eq!(asked, 4 * 4 * 3 * 5 * 5);
}

/// A trail of 120,000 records of two workspaces: each statement reads a range of its own index, in its order.
#[tokio::test]
async fn no_filter_reads_a_big_trail_from_end_to_end() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let person = north.person("member");
    let fill = format!(
        "INSERT INTO audit.record (workspace_id, rec, ts, action, class, fields, digests, actor_id, target_id,
           period_key_no, person_key_no)
         SELECT CASE n % 2 WHEN 0 THEN '{}'::uuid ELSE '{}'::uuid END, gen_random_uuid(), now() - n * interval '1 minute',
           CASE n % 50 WHEN 0 THEN 'request.reject' ELSE 'request.submit' END, 1, 0, '',
           CASE n % 40 WHEN 0 THEN '{person}'::uuid ELSE gen_random_uuid() END, gen_random_uuid(), 0, 0
         FROM generate_series(1, 120000) n;
         INSERT INTO audit.leaf (workspace_id, epoch, idx, record_id, hash)
         SELECT r.workspace_id, 1, row_number() OVER (PARTITION BY r.workspace_id ORDER BY r.id) - 1, r.id, sha256('x')
         FROM audit.record r;
         INSERT INTO audit.head (workspace_id, epoch, size, frontier) VALUES ('{}', 1, 60000, ''), ('{}', 1, 60000, '');
         ANALYZE audit.record; ANALYZE audit.leaf; ANALYZE audit.head",
        north.id, south.id, north.id, south.id
    );
    t.owner.batch_execute(&fill).await.unwrap();
    let app = t.connect_as("countersign_app").await;
    app.batch_execute(&format!("SET app.workspace_id = '{}'", north.id)).await.unwrap();
    let target = uuid::Uuid::new_v4();
    let null = "NULL".to_owned();
    let (a_target, an_actor, an_action) = (format!("'{target}'"), format!("'{person}'"), "'request.reject'".to_owned());
    for (statement, index, filters) in [
        ("trail_list.sql", "record_by_time", [&null, &null, &null]),
        ("trail_of_target.sql", "record_by_target_time", [&a_target, &an_actor, &an_action]),
        ("trail_of_actor.sql", "record_by_actor_time", [&null, &an_actor, &an_action]),
        ("trail_of_action.sql", "record_by_action", [&null, &null, &an_action]),
    ] {
        let statement = statements::ALL.iter().find(|sql| sql.name() == statement).unwrap();
        let name = statement.name().replace('.', "_");
        let types = "uuid, timestamptz, bigint, timestamptz, uuid, uuid, text, bigint";
        app.batch_execute(&format!("PREPARE {name} ({types}) AS {}", statement.text())).await.unwrap();
        let [target, actor, action] = filters;
        let run = format!(
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE {name}('{}', now() - interval '20 days', 0,
               now() - interval '60 days', {target}, {actor}, {action}, 51)",
            north.id
        );
        let plan = app.query(&run, &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let text = plan.join("\n");
        println!("{}\n{text}\n", statement.name());
        // Heads are a handful of rows, which any plan may read.
        let is_whole = |line: &&String| line.contains("Seq Scan") && !line.contains("Seq Scan on head");
        assert!(!plan.iter().any(|line| is_whole(&line)) && !text.contains("Sort"), "{}:\n{text}", statement.name());
        let scan = plan.iter().position(|line| line.contains(&format!("using {index} on"))).expect(&text);
        let condition = &plan[scan + 1];
        assert!(
            condition.contains("Index Cond") && condition.contains("ts >=") && condition.contains("ROW("),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_and_people_narrow_the_list() {
    let server = Server::start();
    let (member, owner) = (server.caller("member"), server.caller("owner"));
    let begun = Timestamp::now().to_string();
    let mut made = Vec::new();
    for n in 0..3 {
        made.push(member.submit(&format!("Desk {n}"), "12.00").await.0);
    }
    let ended = Timestamp::now().to_string();
    let items = async |query: &str| {
        let answer = owner.get(&format!("/api/v1/audit-events?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()
    };
    let all = items(&format!("action=request.submit&from={begun}&until={ended}")).await;
    let list = all["items"].as_array().unwrap();
    assert_eq!(list.len(), 3, "{all}");
    let actor = list[0]["actor"]["id"].as_str().unwrap();
    assert_eq!(items(&format!("actor={actor}&target={}", made[1])).await["items"].as_array().unwrap().len(), 1);
    assert_eq!(items(&format!("until={begun}&request={}", made[1])).await["items"], json!([]));
    // Each line has its mark, and the leaf comes within seconds.
    assert!(list.iter().all(|item| ["signed", "waiting"].contains(&item["log"]["state"].as_str().unwrap())), "{all}");
    // Pages of one filter, whose cursor is of no other.
    let first = items(&format!("limit=2&actor={actor}&action=request.submit")).await;
    let cursor = first["next"].as_str().unwrap();
    let second = items(&format!("limit=2&actor={actor}&action=request.submit&cursor={cursor}")).await;
    let ids =
        |page: &Value| page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert!(!ids(&second).is_empty() && ids(&second).iter().all(|id| !ids(&first).contains(id)));
    for other in ["action=request.submit", "from=2020-01-01", "action=person.add"] {
        let refused = owner.get(&format!("/api/v1/audit-events?limit=2&{other}&cursor={cursor}")).await;
        assert_eq!(refused.problem(400), "malformed", "{other}");
    }
    for (field, bad) in [
        ("actor", "actor=mia"),
        ("target", "target=1"),
        ("request", "request=PUR-1"),
        ("action", "action=request.fly"),
        ("from", "from=yesterday"),
        ("until", "until=2026-13-01"),
        ("target", "target=0198f0c4-0000-7000-8000-000000000001&request=0198f0c4-0000-7000-8000-000000000001"),
    ] {
        let refused = owner.get(&format!("/api/v1/audit-events?{bad}")).await;
        assert_eq!(refused.problem(422), "invalid-values", "{bad}");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("/{field}"), "{bad}");
    }
    let both = owner.get("/api/v1/audit-events?from=x&until=y").await.json();
    assert_eq!(both["errors"].as_array().unwrap().len(), 2, "every field is named at once");
    for n in 0..40 {
        member.submit(&format!("Chair {n}"), "9.00").await;
    }
    the_page(&server, &made[0]).await;
}

/// The same for people, without a script.
async fn the_page(server: &Server, request: &str) {
    let owner = server.signed_in("sample", "owner@sample.test").await;
    let page = async |query: &str| {
        let answer = owner.get(&format!("/w/sample/audit?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.text()
    };
    let rows = |html: &str| html.matches("<tr role=\"row\" data-row>").count();
    let all = page("action=request.submit&who=member%40sample.test&request=&from=2020-01-01T00%3A00&until=").await;
    assert!(rows(&all) >= 3 && all.contains("value=\"member@sample.test\"") && all.contains("2020-01-01T00:00"));
    assert_eq!(rows(&page(&format!("request={request}")).await), 1);
    assert_eq!(rows(&page("until=2020-01-01").await), 0);
    for (field, bad) in [
        ("who", "who=nobody%40nowhere.test"),
        ("who", "who=x"),
        ("request", "request=PUR-1"),
        ("from", "from=soon"),
        ("until", "until=soon"),
    ] {
        let wrong = page(bad).await;
        assert!(wrong.contains(&format!("aria-describedby=\"audit-{field}-error\"")), "{bad}");
        assert_eq!((rows(&wrong), wrong.matches("class=\"error\"").count()), (0, 1), "{bad}");
    }
    // Sixty records and more: the pager goes on, its cursor is of this filter and is refused elsewhere.
    let newest = page("").await;
    assert_eq!(rows(&newest), 50);
    let (_, next) = newest.split_once("/w/sample/audit?").unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let older = page(&next).await;
    assert!(rows(&older) > 0);
    let moved = next.replace("action=&", "action=request.submit&");
    assert_ne!(moved, next);
    assert_eq!(owner.get(&format!("/w/sample/audit?{moved}")).await.status, 400);
}
