namespace Tenantry.Model.Plans;

/// <summary>What would change. Making one has no side effect.</summary>
/// <param name="Steps">In the order in which they are taken; empty when nothing would change.</param>
/// <param name="MonthlyCost">What the instance would cost a month afterwards, or null where the target has no prices.</param>
public sealed record Plan(IReadOnlyList<PlanStep> Steps, Money? MonthlyCost = null)
{
    /// <summary>Nothing to do.</summary>
    public static Plan Nothing { get; } = new([]);

    /// <summary>True when nothing would change.</summary>
    public bool IsEmpty => Steps.Count == 0;
}

/// <summary>One change: one resource and one action.</summary>
/// <param name="Resource">What it changes.</param>
/// <param name="Action">What is done to it.</param>
/// <param name="Why">A short sentence for a person; holds no secret.</param>
public sealed record PlanStep(ResourceName Resource, StepAction Action, string Why);

/// <summary>A resource by kind (<c>volume</c>, <c>network</c>, <c>service</c>, …) and deterministic name.</summary>
public sealed record ResourceName(string Kind, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";
}

/// <summary>What a step does to its resource.</summary>
public enum StepAction
{
    Create,
    Update,
    Replace,
    Delete,
    Start,
    Stop,
    Freeze,
    Thaw,
    Wait,
}

/// <summary>A resource as the target sees it.</summary>
/// <param name="Resource">Which one.</param>
/// <param name="State">A word of the target's own, such as <c>running</c> or <c>mounted</c>.</param>
/// <param name="Detail">For a person; may be empty.</param>
public sealed record ResourceObservation(ResourceName Resource, string State, string Detail = "");

/// <summary>Progress of a step while a plan is applied.</summary>
/// <param name="Resource">The step's resource.</param>
/// <param name="Action">The step's action.</param>
/// <param name="State">How far it is.</param>
/// <param name="Message">For a person; empty when the state says it all.</param>
public sealed record StepEvent(ResourceName Resource, StepAction Action, StepState State, string Message = "")
{
    /// <summary>What serves requests is stopped as soon as the next event is asked for: who is served may end first.</summary>
    public bool Interrupts { get; init; }

    /// <summary>Of an event that <see cref="Interrupts"/>: the step after which it is served again. Null: the event's own.</summary>
    public PlanStep? ServedAfter { get; init; }
}

/// <summary>How far a step is.</summary>
public enum StepState
{
    Started,
    Progress,
    Done,
}

/// <summary>An amount of money: a decimal string in JSON, with its currency beside it.</summary>
/// <param name="Amount">The amount.</param>
/// <param name="Currency">ISO 4217, upper case.</param>
public sealed record Money(decimal Amount, string Currency);

/// <summary>What an instance costs a month.</summary>
/// <param name="Awake">When it is never asleep.</param>
/// <param name="Asleep">When it always is.</param>
/// <param name="Source">Where the prices are from, and what is not exact.</param>
public sealed record MonthlyCost(Money Awake, Money Asleep, string Source);
