//! Limits that bite at one resource, or not, whatever [`Settings::physics`](crate::Settings::physics) says.

use std::sync::Arc;

use kumoi_store::{Scope, StoreError};

use crate::kernel::{back_off, guarded, store_fault};
use crate::{Cx, Fault, Halt, Kernel, Physics, World, timers};

/// How often a transaction that conflicts is tried.
const ATTEMPTS: u32 = 50;

impl Kernel {
    /// Has a service set which limits bite at a resource of that name; `None` leaves it to the settings again.
    ///
    /// # Errors
    /// What the service says, such as that there is no such resource; `NotImplemented` for services at which nothing bites.
    pub async fn bend(
        self: &Arc<Self>,
        world: &Arc<World>,
        service: &str,
        scope: &Scope,
        resource: &str,
        physics: Option<Physics>,
    ) -> Result<(), Fault> {
        let Some(service) = self.registry().get(service) else {
            return Err(Fault::new("UnknownService", 404, true, format!("There is no service {service} here.")));
        };
        let info = Self::of_itself(world, service.descriptor().model, scope.clone());
        for conflicts in 0..ATTEMPTS {
            let tx = self.begin(world).map_err(store_fault)?;
            let cx = Cx::new(self.clone(), info.clone(), tx, false, None);
            let done = match guarded(service.bend(&cx, resource, physics)).await {
                Ok(()) => self.commit(cx).await.map_err(Halt::Store),
                Err(Halt::Wait { .. } | Halt::Prepare(_)) => Err(timers::cannot_wait()),
                Err(halt) => Err(halt),
            };
            match done {
                Ok(()) => return Ok(()),
                Err(Halt::Store(StoreError::Conflict)) => back_off(conflicts).await,
                Err(Halt::Fault(fault)) => return Err(fault),
                Err(Halt::Store(error)) => return Err(store_fault(error)),
                Err(_) => return Err(Fault::internal()),
            }
        }
        Err(Fault::unavailable("Too many requests change the same records at once. Try again."))
    }
}
