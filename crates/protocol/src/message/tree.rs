//! Messages as trees of values, for tests that compare what the schema says with what the generated code does.

use crate::schema::{FieldSchema, MessageSchema};
use crate::walk::{Step, Value, Walker};

/// A value with all that is in it.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    Plain(Value<'a>),
    Array(Vec<Tree<'a>>),
    Struct(StructValue<'a>),
}

/// The fields that were there.
#[derive(Debug, Default)]
pub(crate) struct StructValue<'a> {
    pub(crate) fields: Vec<(&'static FieldSchema, Tree<'a>)>,
    pub(crate) has_unknown_tags: bool,
}

impl<'a> StructValue<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Tree<'a>> {
        self.fields.iter().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }
}

impl Tree<'_> {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Tree::Plain(Value::Null))
    }
}

/// Reads a message that must be readable.
pub(crate) fn read<'a>(schema: &'static MessageSchema, body: &'a [u8], version: i16) -> StructValue<'a> {
    let mut walker = Walker::new(schema, body, version).expect("a version");
    walker.step().expect("readable");
    structure(&mut walker)
}

fn structure<'a>(walker: &mut Walker<'a>) -> StructValue<'a> {
    let mut read = StructValue::default();
    loop {
        match walker.step().expect("readable").expect("the end of the struct") {
            Step::EndStruct => return read,
            Step::UnknownTag(..) => read.has_unknown_tags = true,
            step => {
                let (field, value) = value(walker, step);
                read.fields.push((field, value));
            }
        }
    }
}

fn value<'a>(walker: &mut Walker<'a>, step: Step<'a>) -> (&'static FieldSchema, Tree<'a>) {
    match step {
        Step::Value(field, value) => (field, Tree::Plain(value)),
        Step::BeginStruct(field) => (field.expect("a field"), Tree::Struct(structure(walker))),
        Step::BeginArray(field, count) => {
            let mut elements = Vec::new();
            for _ in 0..count {
                let step = walker.step().expect("readable").expect("an element");
                elements.push(value(walker, step).1);
            }
            assert!(matches!(walker.step(), Ok(Some(Step::EndArray))));
            (field, Tree::Array(elements))
        }
        step => panic!("no value: {step:?}"),
    }
}
