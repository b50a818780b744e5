using Microsoft.Extensions.Logging;
using Tenantry.Dashboard.Pages;

namespace Tenantry.Dashboard.Serving;

/// <summary>What is refused or failed, as a page for who asked with a browser. What asks the API gets its problem.</summary>
internal sealed class PageErrors(ILogger<PageErrors> log) : IMiddleware
{
    // What is for programs: there a browser's request is answered like any other.
    private static readonly PathString[] Programs = ["/v1", "/openapi", "/metrics", "/healthz", "/readyz", "/assets"];

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (Array.Exists(Programs, path => context.Request.Path.StartsWithSegments(path)))
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
            if (WantsPage(context) && !context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentType is null)
                await WriteAsync(context, ProblemOf(context));
        }
        catch (TenantryException refused) when (!context.Response.HasStarted && !WantsPage(context))
        {
            // A stream of a page, say.
            await Problems.WriteAsync(context, refused.Problem);
        }
        catch (Exception failure) when (!context.Response.HasStarted && WantsPage(context) && !context.RequestAborted.IsCancellationRequested)
        {
            var problem = failure is TenantryException refused ? refused.Problem : Problems.Of(failure);
            if (problem.Status >= 500)
                log.LogError(failure, "{Method} {Path} failed ({RequestId})", context.Request.Method, LogPath.Of(context), context.TraceIdentifier);
            await WriteAsync(context, problem);
        }
    }

    private static ProblemResponse ProblemOf(HttpContext context) => new()
    {
        Status = context.Response.StatusCode,
        Title = context.Response.StatusCode == StatusCodes.Status404NotFound ? "Not found" : "Not possible",
        Detail = context.Response.StatusCode == StatusCodes.Status404NotFound ? "There is nothing at this address, or it belongs to somebody else." : $"{context.Request.Method} is not possible here.",
    };

    private static Task WriteAsync(HttpContext context, ProblemResponse problem)
    {
        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        return IsPart(context)
            ? PageWriter.WriteAsync<ProblemNotice>(context, new Dictionary<string, object?>(StringComparer.Ordinal) { [nameof(ProblemNotice.Problem)] = problem })
            : PageWriter.WriteAsync<ProblemPage>(context, new Dictionary<string, object?>(StringComparer.Ordinal) { [nameof(ProblemPage.Problem)] = problem with { RequestId = context.TraceIdentifier } });
    }

    // A part of a page that a script asked for.
    private static bool IsPart(HttpContext context) => context.Request.Headers.ContainsKey("HX-Request");

    private static bool WantsPage(HttpContext context) =>
        IsPart(context) || context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
