using Tenantry.Model.Instances;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store;

namespace Tenantry.Server.Engine;

/// <summary>What an engine is asked to plan. What is not stored yet is told with it.</summary>
/// <param name="Spec">What would be wanted; need not be stored.</param>
/// <param name="NewTenant">The tenant, when it would be made with the instance.</param>
/// <param name="NewTarget">The target, when it would be added with the instance: nothing is on it yet.</param>
public sealed record PlanQuestion(InstanceSpec Spec, Tenant? NewTenant = null, TargetRecord? NewTarget = null);
