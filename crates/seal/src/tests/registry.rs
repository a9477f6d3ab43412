//! The table of columns against the file that only ever grows.

use std::collections::HashSet;

use crate::{Shape, columns};

const FILE: &str = include_str!("../../aad-registry.tsv");

#[test]
fn table_and_file_say_the_same() {
    let mut lines = FILE.lines();
    assert_eq!(lines.next().unwrap(), "table_id\tcolumn_id\ttable\tcolumn\tpurpose\tshape\tsince\tpad_bytes");
    let from_file: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    assert_eq!(from_file.len(), columns::ALL.len());
    for (line, entry) in from_file.iter().zip(columns::ALL) {
        let shape = match entry.shape {
            Shape::Row => "row",
            Shape::RowVersion => "row-version",
        };
        let expected = [
            entry.table.to_string(),
            entry.column.to_string(),
            entry.table_name.to_owned(),
            entry.column_name.to_owned(),
            entry.purpose.name().to_owned(),
            shape.to_owned(),
            line[6].to_owned(),
            entry.pad_bytes.to_string(),
        ];
        assert_eq!(line.as_slice(), expected);
        assert!(line[6].split('.').count() == 3, "since is a version: {}", line[6]);
    }
}

#[test]
fn no_number_and_no_name_stands_twice() {
    let numbers: HashSet<_> = columns::ALL.iter().map(|entry| (entry.table, entry.column)).collect();
    let names: HashSet<_> = columns::ALL.iter().map(|entry| (entry.table_name, entry.column_name)).collect();
    let tables: HashSet<_> = columns::ALL.iter().map(|entry| (entry.table, entry.table_name)).collect();
    let table_names: HashSet<_> = columns::ALL.iter().map(|entry| entry.table_name).collect();
    assert_eq!(numbers.len(), columns::ALL.len());
    assert_eq!(names.len(), columns::ALL.len());
    assert_eq!(tables.len(), table_names.len());
}
