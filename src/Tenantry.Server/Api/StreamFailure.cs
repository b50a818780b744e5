using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>A failure in the middle of a body: told in a trailer to those who read them, so that it is a sentence and not only a connection that broke.</summary>
internal static class StreamFailure
{
    private static readonly JsonSerializerOptions Ascii = new(WireJson.Options) { WriteIndented = false, Encoder = JavaScriptEncoder.Default };

    /// <summary>Writes the body. What fails before its first byte, and for those who read no trailers, is thrown on.</summary>
    public static async Task ToldAsync(HttpContext context, ILogger log, Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception failure) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && TakesTrailers(context))
        {
            log.LogError(failure, "{Method} {Path} failed in the middle of its answer ({RequestId})", context.Request.Method, context.Request.Path, context.TraceIdentifier);
            var problem = Problems.Of(failure) with { RequestId = context.TraceIdentifier };
            context.Response.AppendTrailer(ProblemTrailer.Name, JsonSerializer.Serialize(problem, Ascii));
        }
    }

    private static bool TakesTrailers(HttpContext context) =>
        context.Response.SupportsTrailers() && context.Request.Headers.TE.Any(value => value?.Contains("trailers", StringComparison.OrdinalIgnoreCase) == true);
}
