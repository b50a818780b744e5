using Microsoft.AspNetCore.Http;
using Tenantry.Server.Store;

namespace Tenantry.Server.Api;

/// <summary>Around every endpoint that changes something: an idempotency key is honoured, and the audit is written, whether the change was done or refused.</summary>
internal sealed class ChangeFilter(string action, IStore store, IdempotentAnswers answers, TimeProvider time) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var change = await Change.BindAsync(context.HttpContext);
        if (change.IsDryRun)
            return await next(context);
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
            await AuditAsync(change, problem.Status < 500 ? "refused" : "failed", problem.Detail);
            throw;
        }

        await AuditAsync(change, "done", change.Detail);
        return result;
    }

    // What happened is written even when the caller has gone in the meantime.
    private Task AuditAsync(Change change, string outcome, string detail) => store.AppendAuditAsync(
        new AuditEntry(change.Actor, action, change.Subject, outcome, detail, change.RequestId, time.GetUtcNow()),
        CancellationToken.None);
}
