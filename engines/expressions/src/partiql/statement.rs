//! The grammar of statements.

use super::lexer::Class;
use super::parser::{Parser, malformed};
use super::{Change, Delete, Insert, Order, Returning, Select, Selection, Statement};
use crate::tree::first_clash;
use crate::update::{Action, Operand, Source};
use crate::{Attribute, Invalid, MAX_DEPTH, Path, Update};

/// What a text is told that does not do anything to data.
const NO_MANIPULATION: &str = "Expected data manipulation";

impl Statement {
    /// Parses a statement of 8 KB at most. Each `?` in it is the next of the parameters.
    pub fn parse(text: &str, parameters: &[Attribute]) -> Result<Self, Invalid> {
        let mut parser = Parser::new(text, parameters)?;
        let statement = parser.statement()?;
        parser.finish()?;
        Ok(statement)
    }
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement, Invalid> {
        if self.eat_keyword("SELECT") {
            self.select().map(Statement::Select)
        } else if self.eat_keyword("INSERT") {
            self.insert().map(Statement::Insert)
        } else if self.eat_keyword("UPDATE") {
            self.change().map(Statement::Update)
        } else if self.eat_keyword("DELETE") {
            self.delete().map(Statement::Delete)
        } else if self.eat_keyword("EXISTS") {
            self.expect("(")?;
            self.expect_keyword("SELECT")?;
            let select = self.select()?;
            self.expect(")")?;
            Ok(Statement::Exists(select))
        } else {
            Err(malformed(NO_MANIPULATION))
        }
    }

    fn select(&mut self) -> Result<Select, Invalid> {
        let selection = if self.eat("*") {
            None
        } else {
            let mut paths = vec![self.path()?];
            while self.eat(",") {
                paths.push(self.path()?);
            }
            Some(Selection::new(paths))
        };
        self.expect_keyword("FROM")?;
        let table = self.name()?;
        let index = if self.eat(".") { Some(self.name()?) } else { None };
        let condition = if self.eat_keyword("WHERE") { Some(self.condition()?) } else { None };
        let order = self.order()?;
        for clause in ["GROUP", "HAVING", "LIMIT", "JOIN"] {
            if self.at_keyword(clause) {
                return Err(Invalid::new(format!("Unsupported clause: {clause}")));
            }
        }
        Ok(Select { table, index, selection, condition, order })
    }

    fn order(&mut self) -> Result<Vec<Order>, Invalid> {
        let mut order = Vec::new();
        if !self.eat_keyword("ORDER") {
            return Ok(order);
        }
        self.expect_keyword("BY")?;
        loop {
            let attribute = self.name()?;
            let descending = self.eat_keyword("DESC");
            if !descending {
                self.eat_keyword("ASC");
            }
            order.push(Order { attribute, descending });
            if !self.eat(",") {
                return Ok(order);
            }
        }
    }

    fn insert(&mut self) -> Result<Insert, Invalid> {
        self.expect_keyword("INTO")?;
        let table = self.name()?;
        if !self.eat_keyword("VALUE") {
            return Err(malformed("Unexpected keyword"));
        }
        match self.nested(MAX_DEPTH + 1)? {
            Some(Attribute::M(item)) => Ok(Insert { table, item }),
            _ => Err(self.unexpected()),
        }
    }

    fn delete(&mut self) -> Result<Delete, Invalid> {
        self.expect_keyword("FROM")?;
        let table = self.name()?;
        self.expect_keyword("WHERE")?;
        let condition = self.condition()?;
        let returning = self.returning()?;
        if returning.is_some_and(|returning| returning != Returning::AllOld) {
            return Err(Invalid::new("DELETE returns ALL OLD * or nothing"));
        }
        Ok(Delete { table, condition, returning })
    }

    fn change(&mut self) -> Result<Change, Invalid> {
        let table = self.name()?;
        let mut actions = Vec::new();
        loop {
            let sets = self.eat_keyword("SET");
            if !sets && !self.eat_keyword("REMOVE") {
                break;
            }
            loop {
                actions.push(if sets { self.set_action()? } else { Action::Remove(self.path()?) });
                if !self.eat(",") {
                    break;
                }
            }
        }
        if actions.is_empty() {
            return Err(malformed(NO_MANIPULATION));
        }
        let paths: Vec<&Path> = actions.iter().map(Action::path).collect();
        if let Some(clash) = first_clash(&paths) {
            return Err(Invalid::new(clash));
        }
        self.expect_keyword("WHERE")?;
        let condition = self.condition()?;
        let returning = self.returning()?;
        Ok(Change { table, update: Update::new(actions, false), condition, returning })
    }

    fn returning(&mut self) -> Result<Option<Returning>, Invalid> {
        if !self.eat_keyword("RETURNING") {
            return Ok(None);
        }
        let all = self.eat_keyword("ALL");
        if !all {
            self.expect_keyword("MODIFIED")?;
        }
        let old = self.eat_keyword("OLD");
        if !old {
            self.expect_keyword("NEW")?;
        }
        self.expect("*")?;
        Ok(Some(match (all, old) {
            (true, true) => Returning::AllOld,
            (false, true) => Returning::ModifiedOld,
            (true, false) => Returning::AllNew,
            (false, false) => Returning::ModifiedNew,
        }))
    }

    fn set_action(&mut self) -> Result<Action, Invalid> {
        let path = self.path()?;
        self.expect("=")?;
        let changes_set =
            self.peek().class == Class::Word && ["set_add", "set_delete"].iter().any(|name| self.at_keyword(name));
        if changes_set && let Some(name) = self.function() {
            return self.set_function(&name, path);
        }
        let left = self.operand_of_set()?;
        let source = if self.eat("+") {
            Source::Plus(left, self.operand_of_set()?)
        } else if self.eat("-") {
            Source::Minus(left, self.operand_of_set()?)
        } else {
            Source::Operand(left)
        };
        Ok(Action::Set(path, source))
    }

    /// `set_add` and `set_delete` change the attribute that they are set to.
    fn set_function(&mut self, name: &str, path: Path) -> Result<Action, Invalid> {
        let changed = self.path()?;
        self.expect(",")?;
        let Some(value) = self.value()? else { return Err(self.unexpected()) };
        self.expect(")")?;
        if changed != path {
            return Err(Invalid::new(format!("The first operand of {name} must be the attribute that is set")));
        }
        if !value.is_set() {
            return Err(Invalid::new(format!(
                "Incorrect operand type for operator or function; operator or function: {name}, operand type: {}",
                value.type_name()
            )));
        }
        Ok(if name == "set_add" { Action::Add(path, value) } else { Action::Delete(path, value) })
    }

    /// What an attribute is set to, or a part of it.
    fn operand_of_set(&mut self) -> Result<Operand, Invalid> {
        if let Some(name) = self.function() {
            if name != "list_append" {
                return Err(malformed(&format!("No such function: {name}")));
            }
            self.enter()?;
            let first = self.operand_of_set()?;
            self.expect(",")?;
            let second = self.operand_of_set()?;
            self.expect(")")?;
            self.leave();
            return Ok(Operand::ListAppend(Box::new(first), Box::new(second)));
        }
        Ok(match self.value()? {
            Some(value) => Operand::Value(value),
            None => Operand::Path(self.path()?),
        })
    }
}
