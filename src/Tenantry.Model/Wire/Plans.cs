using System.Globalization;
using Tenantry.Model.Plans;

namespace Tenantry.Model.Wire;

/// <summary>What a change would do: the answer to any change with <c>?dryRun=true</c>, and to <c>GET /v1/instances/{slug}/plan</c>.</summary>
/// <param name="Changes">What would be written; empty when nothing would.</param>
/// <param name="Steps">What the target would do, in order; empty for changes that reach no target.</param>
/// <param name="MonthlyCost">What the instance would cost a month afterwards, or null where the target has no prices.</param>
/// <param name="Notices">Sentences for a person, such as a key of the manifest that is not acted on yet.</param>
public sealed record PlanResponse(
    IReadOnlyList<ChangeResponse> Changes,
    IReadOnlyList<PlanStepResponse> Steps,
    MoneyResponse? MonthlyCost,
    IReadOnlyList<string> Notices)
{
    /// <summary>The plan as it crosses the wire.</summary>
    public static PlanResponse Of(IReadOnlyList<ChangeResponse> changes, Plan plan, IReadOnlyList<string> notices) => new(
        changes,
        [.. plan.Steps.Select(s => new PlanStepResponse(s.Resource.Kind, s.Resource.Name, s.Action, s.Why))],
        plan.MonthlyCost is { } cost ? MoneyResponse.Of(cost) : null,
        notices);
}

/// <summary>One thing that would be written.</summary>
/// <param name="Subject">What it belongs to, such as <c>instance alice</c>.</param>
/// <param name="Field">Which field, or empty for the whole.</param>
/// <param name="From">Before; null when it is new.</param>
/// <param name="To">After; null when it goes.</param>
public sealed record ChangeResponse(string Subject, string Field, string? From, string? To);

/// <summary>One step of a plan.</summary>
public sealed record PlanStepResponse(string Kind, string Name, StepAction Action, string Why);

/// <summary>Money: a decimal string and an ISO 4217 code.</summary>
public sealed record MoneyResponse(string Amount, string Currency)
{
    /// <summary>The amount as it crosses the wire.</summary>
    public static MoneyResponse Of(Money money) => new(money.Amount.ToString(CultureInfo.InvariantCulture), money.Currency);
}
