using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Api;

/// <summary>
/// Around every endpoint that changes something: an idempotency key is honoured, and the audit is written, whether the change was done or refused. A change of
/// the store is written in one transaction with its row.
/// </summary>
internal sealed class ChangeFilter(string action, IStore store, IdempotentAnswers answers, TimeProvider time) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var change = await Change.BindAsync(context.HttpContext);
        if (change.IsDryRun)
            return await next(context);
        change.Begun = () => AuditAsync(Row(change, "started", change.Detail));
        using var trail = AuditTrail.Begin(subject => Row(change, "done", Together(subject == change.Subject ? "" : subject, change.Detail)));
        object? result;
        try
        {
            if (context.HttpContext.Request.Method != HttpMethods.Post || !IdempotencyKey.TryRead(context.HttpContext, out var key))
                result = await next(context);
            else if (await answers.RunAsync(key, context.HttpContext, async () => await next(context)) is var answer && answer.IsReplay)
                return answer.Result;
            else
                result = answer.Result;
        }
        catch (Exception failure) when (failure is not OperationCanceledException and not StoreUnavailableException)
        {
            var problem = Problems.Of(failure);
            var denied = (failure as ProblemException)?.Denied;
            var outcome = problem.Status switch { StatusCodes.Status403Forbidden => "denied", _ when denied is not null => "denied", < 500 => "refused", _ => "failed" };
            // What tells whose a thing is that is another organization's is for the platform to read.
            await AuditAsync(Row(change, outcome, denied ?? problem.Detail) with { Organization = denied is null ? change.Organization : "" });
            throw;
        }

        // What changed the store wrote its row with it.
        if (!trail.IsWritten)
            await AuditAsync(Row(change, "done", change.Detail));
        return result;
    }

    private static readonly JsonTypeInfo ChangesInfo = WireJson.Options.GetTypeInfo(typeof(IReadOnlyList<ChangeResponse>));

    private AuditEntry Row(Change change, string outcome, string detail) =>
        new(change.Actor, action, change.Subject, outcome, detail, change.RequestId, time.GetUtcNow()) { Through = change.Caller.ThroughText, Organization = change.Organization, Changes = change.Changes.Count == 0 ? "" : JsonSerializer.Serialize(change.Changes, ChangesInfo) };

    // What happened is written even when the caller has gone in the meantime.
    private Task AuditAsync(AuditEntry row) => store.AppendAuditAsync(row, CancellationToken.None);

    private static string Together(string subject, string detail) => string.Join("; ", new[] { subject, detail }.Where(text => text.Length > 0));
}
