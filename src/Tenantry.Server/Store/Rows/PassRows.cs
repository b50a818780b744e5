using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>What the reconciler writes, each fenced by its lease.</summary>
internal static class PassRows
{
    public static async Task<IReadOnlyList<ClaimedInstance>> ClaimAsync(
        Session session, IReadOnlyList<string> ids, string holder, TimeSpan duration)
    {
        if (ids.Count == 0)
            return [];
        var leases = (await LeaseRows.ClaimAsync(session, ids, holder, duration)).ToDictionary(lease => lease.Key, StringComparer.Ordinal);
        var records = await InstanceReads.FindManyAsync(session, [.. leases.Keys]);
        return [.. records.Select(record => new ClaimedInstance(record, leases[record.Spec.Id]))];
    }

    public static async Task WriteStatusAsync(Session session, InstanceStatus status, Lease lease)
    {
        await LeaseRows.RequireAsync(session, lease);
        await StatusRows.WriteAsync(session, status);
    }

    public static async Task WriteOperationAsync(Session session, Operation operation, Lease lease)
    {
        await LeaseRows.RequireAsync(session, lease);
        await OperationRows.WriteAsync(session, operation);
    }

    public static async Task RemoveAsync(Session session, string id, Lease lease)
    {
        await LeaseRows.RequireAsync(session, lease);
        await InstanceRows.RemoveAsync(session, id);
    }

    public static async Task FinishAsync(Session session, PassOutcome outcome)
    {
        await LeaseRows.RequireAsync(session, outcome.Lease);
        if (outcome.Status is not null)
            await StatusRows.FinishAsync(session, outcome.Status);
        if (outcome.Operation is not null)
            await OperationRows.WriteAsync(session, outcome.Operation);
        if (outcome is { Rest: { } rest, Status: { } status })
            await RestRows.WriteAsync(session, status.Id, rest.Rest, status.ObservedGeneration);
        if (outcome is { Wake: { } wake, Remove: false })
            await RestRows.AddWakeAsync(session, outcome.Lease.Key, wake);
        if (outcome.Status is { } written)
            await TurnAsync(session, written);
        if (outcome.Remove)
            await InstanceRows.RemoveAsync(session, outcome.Lease.Key);
        else if (outcome.Status is not null)
            await LeaseRows.FreeAsync(session, [outcome.Lease]);
        else
            await LeaseRows.ReleaseAsync(session, outcome.Lease);
    }

    private static async Task TurnAsync(Session session, InstanceStatus written)
    {
        await SecretTurnRows.PassEndedAsync(session, written);
        if (!written.IsTargetAway || await SecretTurnRows.NamesOfAwayAsync(session, written.Id) is not { Count: > 0 } names)
            return;
        var reason = $"It keeps the value before of {string.Join(", ", names)}, which the others take without it, and takes the new one when its target answers.";
        var conditions = written.Conditions.Append(new Condition(Condition.SecretTurnGivenUp, true, reason, session.Now));
        await StatusRows.FinishAsync(session, written with { Reason = $"{written.Reason} {reason}", Conditions = [.. conditions] });
    }

    public static async Task FinishLooksAsync(Session session, IReadOnlyList<QuietLook> looks)
    {
        await StatusRows.PostponeAsync(session, looks);
        await LeaseRows.FreeAsync(session, looks.Select(look => look.Lease));
    }
}
