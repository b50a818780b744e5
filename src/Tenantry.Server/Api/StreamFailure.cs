using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>A failure in the middle of a tar: told at the body's end to those who asked for it, so that it is a sentence and not only a connection that broke.</summary>
internal static class StreamFailure
{
    /// <summary>Writes the body. What fails before its first byte, and for those who did not ask, is thrown on.</summary>
    public static async Task ToldAsync(HttpContext context, ILogger log, Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception failure) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && context.Request.Headers[ProblemAtEnd.Field] == ProblemAtEnd.Value)
        {
            log.LogError(failure, "{Method} {Path} failed in the middle of its answer ({RequestId})", context.Request.Method, context.Request.Path, context.TraceIdentifier);
            var problem = JsonSerializer.SerializeToUtf8Bytes(Problems.Of(failure) with { RequestId = context.TraceIdentifier }, WireJson.Options);
            await context.Response.Body.WriteAsync((byte[])[.. ProblemAtEnd.Mark, .. problem], context.RequestAborted);
        }
    }
}
