using Tenantry.Model.Plans;

namespace Tenantry.Model.Wire;

/// <summary>What is there already for an instance, made with the tool that its target drives; the platform's to say.</summary>
/// <param name="State">The tool's own record of what is there, as <c>terraform state pull</c> prints it.</param>
/// <param name="Variables">What it was made from, JSON.</param>
public sealed record AdoptRequest(string State, string Variables);

/// <summary>A network range that is taken.</summary>
/// <param name="Name">Slug of its instance, or the name that it was reserved by.</param>
/// <param name="Network">The range, such as <c>10.4.0.0/16</c>.</param>
/// <param name="Use"><c>instance</c>, <c>reserved</c> for something else, or <c>cooling</c> when it was given back and is not given out again yet.</param>
/// <param name="ReleasedAt">When it was given back; null while it is in use.</param>
public sealed record NetworkResponse(string Name, string Network, string Use, DateTimeOffset? ReleasedAt);

/// <summary>Body of <c>PUT /v1/networks/{name}</c>.</summary>
/// <param name="Network">The range, such as <c>10.4.0.0/16</c>.</param>
public sealed record PutNetworkRequest(string Network);

/// <summary>Who holds an instance's state, so that nobody else can change it.</summary>
/// <param name="Slug">Which instance.</param>
/// <param name="Id">Names this hold and no later one.</param>
/// <param name="Who">User and machine.</param>
/// <param name="What">What they do.</param>
/// <param name="Since">Since when.</param>
/// <param name="IsAtWork">True when the engine sees whoever holds it at work.</param>
public sealed record HolderResponse(string Slug, string Id, string Who, string What, DateTimeOffset Since, bool IsAtWork);

/// <summary>What an instance cost in a month by the bill of its target.</summary>
/// <param name="Name">Its slug; what the bill calls it, where no instance of that name is there any more.</param>
/// <param name="Tenant">Whose; empty where no instance is there any more.</param>
/// <param name="Target">On which target.</param>
/// <param name="Month">Such as <c>2026-11</c>.</param>
/// <param name="Amount">How much, so far when the month is not over.</param>
public sealed record ActualCostResponse(string Name, string Tenant, string Target, string Month, MoneyResponse Amount);

/// <summary>What instances cost in a month, and which targets could not be asked.</summary>
/// <param name="Items">Each of them.</param>
/// <param name="Unreachable">Targets that were not answered for.</param>
public sealed record ActualCostsResponse(IReadOnlyList<ActualCostResponse> Items, IReadOnlyList<UnreachableTargetResponse> Unreachable);

/// <summary>One workspace of <c>tenantry import terraform</c>.</summary>
/// <param name="Workspace">Its name.</param>
/// <param name="Tenant">The tenant that it becomes.</param>
/// <param name="Environment">Its environment.</param>
/// <param name="Network">Its range.</param>
/// <param name="Resources">How many resources its state holds.</param>
/// <param name="What"><c>adopt</c>: it becomes an instance; <c>reserve</c>: its range is reserved and its resources stay with whoever has them; <c>none</c>: it is so already.</param>
/// <param name="Steps">What would change of it.</param>
/// <param name="Outcome">Null before it was done; then <c>done</c>, or what failed.</param>
public sealed record ImportedWorkspaceResponse(
    string Workspace, string Tenant, string Environment, string Network, int Resources, string What, IReadOnlyList<PlanStepResponse> Steps, string? Outcome = null);
