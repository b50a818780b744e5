using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Api;

/// <summary>Gives the same answer again to the same key. Two requests with one key at the same time are one after the other.</summary>
internal sealed class IdempotentAnswers(IStore store, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Gate> gates = new(StringComparer.Ordinal);

    public async Task<(object? Result, bool IsReplay)> RunAsync(IdempotencyKey key, HttpContext context, Func<Task<object?>> run)
    {
        var gate = Enter(key.Key);
        try
        {
            await gate.Turn.WaitAsync(context.RequestAborted);
            try
            {
                return await RunAloneAsync(key, context, run);
            }
            finally
            {
                gate.Turn.Release();
            }
        }
        finally
        {
            Leave(key.Key, gate);
        }
    }

    private async Task<(object? Result, bool IsReplay)> RunAloneAsync(IdempotencyKey key, HttpContext context, Func<Task<object?>> run)
    {
        if (await store.FindAnswerAsync(key.Key, context.RequestAborted) is { } before)
            return (Again(key, before), true);
        object? result;
        try
        {
            result = await run();
        }
        catch (StoreConflictException)
        {
            // Another server on the same store may have answered this key in the meantime.
            if (await store.FindAnswerAsync(key.Key, context.RequestAborted) is { } answer)
                return (Again(key, answer), true);
            throw;
        }

        await SaveAsync(key, result, context.Response.Headers.ETag.ToString());
        return (result, false);
    }

    private async Task SaveAsync(IdempotencyKey key, object? result, string etag)
    {
        while (result is INestedHttpResult nested)
            result = nested.Result;
        if (result is not IStatusCodeHttpResult { StatusCode: >= 200 and < 300 and var status } || result is not IValueHttpResult { Value: { } value })
            return;
        var body = JsonSerializer.Serialize(value, WireJson.Options.GetTypeInfo(value.GetType()));
        var location = result.GetType().GetProperty(nameof(Accepted.Location))?.GetValue(result) as string ?? "";
        try
        {
            await store.SaveAnswerAsync(
                new IdempotentAnswer(key.Key, key.RequestHash, status, location, body, time.GetUtcNow(), etag), CancellationToken.None);
        }
        catch (StoreConflictException)
        {
            // Another server on the same store was first; both did the same.
        }
    }

    private static Replay Again(IdempotencyKey key, IdempotentAnswer before) => before.RequestHash == key.RequestHash
        ? new Replay(before)
        : throw new ProblemException(
            StatusCodes.Status422UnprocessableEntity,
            ProblemCodes.IdempotencyKeyReused,
            "This Idempotency-Key was used for another request. Take a new key for a new request.");

    private Gate Enter(string key)
    {
        while (true)
        {
            var gate = gates.GetOrAdd(key, static _ => new Gate());
            lock (gate)
            {
                if (gate.IsGone)
                    continue;
                gate.Users++;
                return gate;
            }
        }
    }

    private void Leave(string key, Gate gate)
    {
        lock (gate)
        {
            if (--gate.Users > 0)
                return;
            gate.IsGone = true;
            gates.TryRemove(key, out _);
        }
    }

    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Users { get; set; }

        public bool IsGone { get; set; }
    }

    private sealed class Replay(IdempotentAnswer answer) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = answer.Status;
            httpContext.Response.ContentType = "application/json; charset=utf-8";
            httpContext.Response.Headers["Idempotent-Replayed"] = "true";
            if (answer.Location.Length > 0)
                httpContext.Response.Headers.Location = answer.Location;
            if (answer.ETag.Length > 0)
                httpContext.Response.Headers.ETag = answer.ETag;
            return httpContext.Response.WriteAsync(answer.Body, httpContext.RequestAborted);
        }
    }
}
