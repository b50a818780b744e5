using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>What would change, for people and for programs.</summary>
internal static class PlanText
{
    /// <summary>Prints what a change would do when only that was asked for.</summary>
    /// <returns>True when it was: then nothing is left to do.</returns>
    public static async Task<bool> PreviewAsync<T>(this Call call, bool isDryRun, Change<T> change)
    {
        if (isDryRun)
            Write(call.Output, await change.PreviewAsync(call.CancellationToken));
        return isDryRun;
    }

    public static void Write(Output output, PlanResponse plan)
    {
        if (output.Json)
        {
            output.Value(plan);
            return;
        }

        if (plan.Changes.Count == 0 && plan.Steps.Count == 0)
            output.Line("Nothing would change.");
        if (plan.Changes.Count > 0)
        {
            var changes = new TextTable("CHANGE", "FIELD", "FROM", "TO");
            foreach (var c in plan.Changes)
                changes.Row(c.Subject, c.Field, c.From, c.To);
            changes.Write(output, "");
        }

        if (plan.Steps.Count > 0)
        {
            if (plan.Changes.Count > 0)
                output.Line();
            var steps = new TextTable("STEP", "RESOURCE", "NAME", "WHY");
            foreach (var s in plan.Steps)
                steps.Row(Step(s), s.Kind, s.Name, s.Why);
            steps.Write(output, "");
        }

        if (plan.MonthlyCost is { } cost)
            output.Line($"Monthly cost: {cost.Amount} {cost.Currency}");
        Notices(output, plan.Notices);
    }

    /// <summary>What is accepted and not acted on, so that nothing is silently passed over.</summary>
    public static void Notices(Output output, IReadOnlyList<string> notices)
    {
        foreach (var notice in notices)
            output.Note("note: " + notice);
    }

    private static Cell Step(PlanStepResponse step) => step.Action switch
    {
        Model.Plans.StepAction.Create or Model.Plans.StepAction.Start => Cell.Good(step.Action.ToString()),
        Model.Plans.StepAction.Delete => Cell.Bad(step.Action.ToString()),
        _ => Cell.Busy(step.Action.ToString()),
    };
}
