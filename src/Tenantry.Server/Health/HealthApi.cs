using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Tenantry.Server.Health;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: everything that it needs does, too; the body says what does not.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => "ok\n").ExcludeFromDescription();
        routes.MapGet("/readyz", ReadyAsync).ExcludeFromDescription();
    }

    private static async Task ReadyAsync(HttpContext context, IEnumerable<IReadyCheck> checks, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(checks.Select(async check => (check.Name, Reason: await check.WhyNotAsync(cancellationToken))));
        context.Response.StatusCode = answers.All(a => a.Reason is null) ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(string.Concat(answers.Select(a => $"{a.Name}: {a.Reason ?? "ok"}\n")), cancellationToken);
    }
}

/// <summary>Something that must work before the server can be used.</summary>
public interface IReadyCheck
{
    /// <summary>One word.</summary>
    string Name { get; }

    /// <summary>Null when it works, otherwise a sentence without secrets or inner addresses.</summary>
    Task<string?> WhyNotAsync(CancellationToken cancellationToken);
}
