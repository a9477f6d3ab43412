//! Every page renders, is well tied together, and needs nothing the Content-Security-Policy forbids.

use super::samples;
use super::*;
use std::collections::BTreeSet;

/// First load of a page: HTML, CSS and JavaScript together.
const FIRST_LOAD_BYTES_MAX: usize = 100 * 1024;

fn each(mut check: impl FnMut(&str, &str)) {
    for theme in [Theme::System, Theme::Light, Theme::Dark] {
        for sample in samples::pages(theme) {
            let name = format!("{} ({})", sample.name, theme.word());
            let html = sample.html.unwrap_or_else(|error| panic!("{name}: {error}"));
            check(&name, &html);
        }
    }
}

/// Opening tags as (name, attributes); attribute values are returned as they stand in the page.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut quote = None;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match (quote, c) {
                    (None, '"') => quote = Some(()),
                    (Some(()), '"') => quote = None,
                    (None, '>') => return true,
                    _ => {}
                }
                false
            })
            .map(|(index, _)| index)
            .expect("every tag ends");
        let inner = &rest[..end];
        let name_end = inner.find([' ', '\n', '/']).unwrap_or(inner.len());
        found.push((inner[..name_end].to_owned(), attributes(&inner[name_end..])));
        rest = &rest[end..];
    }
    found
}

fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches([' ', '\n', '/']);
        if text.is_empty() {
            return found;
        }
        let name_end = text.find(['=', ' ', '\n']).unwrap_or(text.len());
        let name = text[..name_end].to_owned();
        text = &text[name_end..];
        let mut value = String::new();
        if let Some(after) = text.strip_prefix("=\"") {
            let end = after.find('"').expect("every value ends");
            value = after[..end].to_owned();
            text = &after[end + 1..];
        }
        found.push((name, value));
    }
}

#[test]
fn no_inline_style_script_or_handler() {
    each(|name, html| {
        for (tag, attributes) in tags(html) {
            assert_ne!(tag, "style", "{name}");
            for (attribute, value) in &attributes {
                assert_ne!(attribute, "style", "{name}: <{tag}>");
                assert!(!attribute.starts_with("on"), "{name}: {attribute}");
                assert!(!value.trim_start().to_lowercase().starts_with("javascript:"), "{name}");
            }
            if tag == "script" {
                assert!(attributes.iter().any(|(attribute, _)| attribute == "src"), "{name}");
                assert!(
                    attributes.iter().any(|(attribute, value)| attribute == "nonce" && !value.is_empty()),
                    "{name}"
                );
            }
        }
    });
}

#[test]
fn every_id_is_unique_and_every_reference_leads_to_one() {
    each(|name, html| {
        let tags = tags(html);
        let mut ids = BTreeSet::new();
        for (_, attributes) in &tags {
            for (attribute, value) in attributes {
                if attribute == "id" {
                    assert!(ids.insert(value.clone()), "{name}: id {value} twice");
                }
            }
        }
        for (tag, attributes) in &tags {
            for (attribute, value) in attributes {
                let targets: Vec<&str> = match attribute.as_str() {
                    "for" | "aria-describedby" | "aria-labelledby" | "aria-controls" => value.split(' ').collect(),
                    "href" => value.strip_prefix('#').into_iter().collect(),
                    _ => Vec::new(),
                };
                for target in targets {
                    assert!(ids.contains(target), "{name}: <{tag} {attribute}> leads to no {target}");
                }
            }
        }
    });
}

#[test]
fn every_control_has_a_name_for_people() {
    each(|name, html| {
        let tags = tags(html);
        let labelled: BTreeSet<&String> = tags
            .iter()
            .filter(|(tag, _)| tag == "label")
            .flat_map(|(_, attributes)| {
                attributes.iter().filter(|(attribute, _)| attribute == "for").map(|(_, value)| value)
            })
            .collect();
        for (tag, attributes) in &tags {
            let value_of =
                |wanted: &str| attributes.iter().find(|(attribute, _)| attribute == wanted).map(|(_, value)| value);
            let kind = value_of("type").map_or("", String::as_str);
            let is_control = matches!(tag.as_str(), "input" | "select" | "textarea");
            // Radio buttons and boxes in a list stand inside their label.
            if !is_control || matches!(kind, "hidden" | "radio") || (kind == "checkbox" && value_of("id").is_none()) {
                continue;
            }
            let named = value_of("aria-label").is_some() || value_of("id").is_some_and(|id| labelled.contains(id));
            assert!(named, "{name}: <{tag}> {attributes:?}");
        }
    });
}

#[test]
fn every_page_has_one_headline_a_language_and_a_way_past_the_bar() {
    each(|name, html| {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(html.contains("<html lang=\"en\" data-theme=\""), "{name}");
        assert!(html.contains("<a class=\"skip\" href=\"#main\">"), "{name}");
        assert!(html.matches("class=\"primary\"").count() <= 2, "{name}");
    });
}

#[test]
fn the_first_load_stays_within_its_bound() {
    let fixed = assets::STYLE.body.len() + assets::SCRIPT.body.len();
    each(|name, html| {
        let bytes = html.len() + fixed;
        assert!(bytes <= FIRST_LOAD_BYTES_MAX, "{name}: {bytes} bytes");
    });
}

#[test]
fn what_people_type_never_becomes_markup() {
    let evil = "\"><script>x</script><b title='";
    let mut page = samples::request(Theme::System);
    page.title = evil.to_owned();
    page.state = Pill::new(Tone::Ok, evil);
    page.handed_in = When::new(evil, evil, evil);
    page.happened[0].quote = evil.to_owned();
    let html = page.render().expect("renders");
    assert!(!html.contains("<script>x") && !html.contains("<b title"));

    let mut form = samples::form_new(Theme::System);
    let field = &mut form.sections[0].fields[0];
    field.key = evil.to_owned();
    field.label = evil.to_owned();
    field.error = Some(evil.to_owned());
    field.show_when = Some(ShowWhen { text: evil.to_owned(), rule_json: evil.to_owned() });
    let html = form.render().expect("renders");
    assert!(!html.contains("<script>x") && !html.contains("<b title"));
}

#[test]
fn a_choice_is_radio_buttons_up_to_five_and_a_select_beyond() {
    for (count, radios) in [(5, 5), (6, 0)] {
        let options = (0..count)
            .map(|number| Choice { value: format!("v{number}"), label: format!("Choice {number}"), chosen: false })
            .collect();
        let field = Field {
            key: "which".to_owned(),
            label: "Which".to_owned(),
            help: None,
            required: true,
            kind: FieldKind::Choice { options },
            error: None,
            show_when: None,
        };
        let html = field.render().expect("renders");
        assert_eq!(html.matches("type=\"radio\"").count(), radios);
    }
}

#[test]
fn mails_render_with_subjects_of_one_line() {
    for (name, subject, text) in samples::mails() {
        assert!(!subject.contains(['\r', '\n']), "{name}");
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains("https://"), "{name}");
        assert!(!text.contains("&#"), "{name}: plain text is not escaped");
    }
    let mut mail = samples::task_mail();
    mail.title = "Laptop\r\nBcc: somebody@else.example".to_owned();
    assert!(!mail.subject().contains(['\r', '\n']));
}

#[test]
fn themes_survive_their_word() {
    for theme in [Theme::System, Theme::Light, Theme::Dark] {
        assert_eq!(Theme::from_word(theme.word()), theme);
    }
    assert_eq!(Theme::from_word("mauve"), Theme::System);
}
