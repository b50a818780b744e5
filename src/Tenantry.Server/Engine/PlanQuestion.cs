using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Engine;

/// <summary>What an engine is asked to plan. What is not stored yet is told with it.</summary>
/// <param name="Spec">What would be wanted; need not be stored.</param>
/// <param name="NewTenant">The tenant, when it would be made with the instance.</param>
/// <param name="NewTarget">The target, when it would be added with the instance: nothing is on it yet.</param>
/// <param name="Adopt">What is there for it already, to be taken over instead of made.</param>
/// <param name="Release">The release, when it is none that was applied.</param>
public sealed record PlanQuestion(InstanceSpec Spec, Tenant? NewTenant = null, TargetRecord? NewTarget = null, AdoptionSource? Adopt = null, Release? Release = null);

/// <summary>What instances on a target cost is asked of an engine.</summary>
/// <param name="Target">The target.</param>
/// <param name="Month">The first day of the month.</param>
public sealed record CostQuestion(string Target, DateOnly Month);
