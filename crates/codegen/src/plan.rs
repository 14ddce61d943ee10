//! What is to be generated: which structures, under which names, and where they need a box.

use std::collections::{BTreeMap, BTreeSet};

use kumoi_model::{Kind, Member, Operation, Service, Shape, ShapeId};

use crate::names::camel;

/// An operation with the names of its types.
pub(crate) struct Planned<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) input: String,
    pub(crate) output: String,
}

/// Everything that is to be generated.
pub(crate) struct Plan<'a> {
    pub(crate) operations: Vec<Planned<'a>>,
    /// Structures and unions with their names: the model's, with `Shape` behind it where something else has that name.
    pub(crate) types: BTreeMap<ShapeId, String>,
    /// Names for inputs and outputs that several operations share, or that the model leaves out.
    pub(crate) aliases: Vec<(String, Option<ShapeId>)>,
    /// Every error of the model; those of the operations have their details among the types.
    pub(crate) errors: Vec<ShapeId>,
    /// Structures and unions that records hold.
    pub(crate) stored: BTreeSet<ShapeId>,
    /// Structures and unions that stay values.
    pub(crate) raw: BTreeSet<ShapeId>,
    /// Structures that can hold themselves without a list or map between.
    recursive: BTreeSet<(ShapeId, ShapeId)>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(service: &'a Service, wanted: &[usize], stored: &[ShapeId], raw: Vec<ShapeId>) -> Self {
        let raw = BTreeSet::from_iter(raw);
        let operations: Vec<&Operation> = wanted.iter().filter_map(|&index| service.operations.get(index)).collect();
        let roots = operations.iter().flat_map(|op| [op.input, op.output]).flatten();
        let details = operations.iter().flat_map(|op| op.errors.iter().copied()).filter(|&id| has_details(service, id));
        let reachable = reach(service, &raw, roots.chain(details));

        let mut aliases = Vec::new();
        let mut faces = BTreeMap::new();
        let mut planned = Vec::new();
        for operation in operations {
            let mut face = |id: Option<ShapeId>, suffix: &str| {
                let name = format!("{}{suffix}", operation.name);
                match id {
                    // What is this operation's alone takes the operation's name.
                    Some(id) if uses(service, id) == 1 => {
                        faces.insert(id, name.clone());
                    }
                    Some(id) if service.shape(id).is_some_and(|shape| camel(&shape.name) == name) => {
                        faces.insert(id, name.clone());
                    }
                    other => aliases.push((name.clone(), other)),
                }
                name
            };
            let (input, output) = (face(operation.input, "Input"), face(operation.output, "Output"));
            planned.push(Planned { operation, input, output });
        }
        let mut taken: BTreeSet<String> = faces.values().chain(aliases.iter().map(|(name, _)| name)).cloned().collect();
        taken.insert("Api".to_owned());
        let mut types = faces;
        for &id in &reachable {
            let Some(shape) = service.shape(id).filter(|_| !types.contains_key(&id)) else { continue };
            let mut name = camel(&shape.name);
            while !taken.insert(name.clone()) {
                name.push_str("Shape");
            }
            types.insert(id, name);
        }
        let recursive = recursive(service, &reachable);
        let errors = (0..service.shapes.len() as ShapeId).filter(|&id| is_error(service, id)).collect();
        let stored = reach(service, &raw, stored.iter().copied());
        Self { operations: planned, types, aliases, errors, stored, raw, recursive }
    }

    /// Whether the member of that structure needs a box.
    pub(crate) fn boxed(&self, owner: ShapeId, member: &Member) -> bool {
        self.recursive.contains(&(owner, member.shape))
    }
}

/// Members of an error beyond its message, with their indexes.
pub(crate) fn details(service: &Service, id: ShapeId) -> Vec<(u16, &Member)> {
    let members = service.structure(id).map_or(&[][..], |structure| &structure.members);
    let indexed = members.iter().enumerate().map(|(index, member)| (index as u16, member));
    indexed.filter(|(_, member)| !member.name.eq_ignore_ascii_case("message")).collect()
}

fn has_details(service: &Service, id: ShapeId) -> bool {
    !details(service, id).is_empty()
}

fn is_error(service: &Service, id: ShapeId) -> bool {
    service.structure(id).is_some_and(|structure| structure.error.is_some())
}

/// How many places of the model refer to a shape.
fn uses(service: &Service, id: ShapeId) -> usize {
    let operations = service.operations.iter().flat_map(|op| [op.input, op.output]).flatten();
    let members = service.shapes.iter().flat_map(children);
    operations.chain(members).filter(|&target| target == id).count()
}

fn children(shape: &Shape) -> Vec<ShapeId> {
    match &shape.kind {
        Kind::Structure(structure) => structure.members.iter().map(|member| member.shape).collect(),
        Kind::List { member, .. } => vec![member.shape],
        Kind::Map { key, value, .. } => vec![key.shape, value.shape],
        _ => Vec::new(),
    }
}

/// Structures that the roots hold, themselves included, but for those that stay values and what only they hold.
fn reach(service: &Service, raw: &BTreeSet<ShapeId>, roots: impl Iterator<Item = ShapeId>) -> BTreeSet<ShapeId> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<ShapeId> = roots.collect();
    while let Some(id) = open.pop() {
        if !raw.contains(&id)
            && seen.insert(id)
            && let Some(shape) = service.shape(id)
        {
            open.extend(children(shape));
        }
    }
    seen.retain(|&id| service.structure(id).is_some());
    seen
}

/// Pairs of a structure and a member's structure from which the first can be reached again, by members alone.
fn recursive(service: &Service, reachable: &BTreeSet<ShapeId>) -> BTreeSet<(ShapeId, ShapeId)> {
    let direct = |id: ShapeId| {
        let members = service.structure(id).map_or(&[][..], |structure| &structure.members);
        members.iter().map(|member| member.shape).filter(|target| reachable.contains(target))
    };
    let mut pairs = BTreeSet::new();
    for &owner in reachable {
        for target in direct(owner) {
            let (mut seen, mut open) = (BTreeSet::new(), vec![target]);
            while let Some(id) = open.pop() {
                if seen.insert(id) {
                    open.extend(direct(id));
                }
            }
            if seen.contains(&owner) {
                pairs.insert((owner, target));
            }
        }
    }
    pairs
}
