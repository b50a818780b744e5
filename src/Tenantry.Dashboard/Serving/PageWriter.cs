using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tenantry.Dashboard.Layout;

namespace Tenantry.Dashboard.Serving;

/// <summary>Renders components to HTML. Nothing of it is made before the first page is asked for.</summary>
internal static class PageWriter
{
    // Scripts, styles and connections of our own alone; the tenant's page of the playground is framed from the gateway's address.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>The HTML of a component.</summary>
    public static async Task<string> RenderAsync<TComponent>(HttpContext context, IReadOnlyDictionary<string, object?> values)
        where TComponent : IComponent
    {
        await using var renderer = new HtmlRenderer(context.RequestServices, context.RequestServices.GetRequiredService<ILoggerFactory>());
        var root = ParameterView.FromDictionary(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [nameof(Root.Viewer)] = Viewer.Of(context),
            [nameof(Root.Content)] = typeof(TComponent),
            [nameof(Root.Values)] = new Dictionary<string, object>(values.Where(v => v.Value is not null).Select(v => KeyValuePair.Create(v.Key, v.Value!)), StringComparer.Ordinal),
        });
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<Root>(root)).ToHtmlString());
    }

    /// <summary>Answers with a page.</summary>
    public static async Task WriteAsync<TComponent>(HttpContext context, IReadOnlyDictionary<string, object?> values, string? frames = null, bool leadsElsewhere = false)
        where TComponent : IComponent
    {
        var html = Encoding.UTF8.GetBytes(await RenderAsync<TComponent>(context, values));
        var headers = context.Response.Headers;
        context.Response.ContentType = "text/html; charset=utf-8";
        headers.ContentSecurityPolicy = $"{Policy}{(leadsElsewhere ? "" : "; form-action 'self'")}{(frames is null ? "" : $"; frame-src {frames}")}";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        // What one person saw is not shown to the next one.
        headers.CacheControl = "no-store";
        context.Response.ContentLength = html.Length;
        await context.Response.Body.WriteAsync(html, context.RequestAborted);
    }
}

/// <summary>A page as the answer of an endpoint.</summary>
internal sealed class Page<TComponent>(params (string Name, object? Value)[] values) : IResult
    where TComponent : IComponent
{
    /// <summary>Its status.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>An origin whose pages it frames, or null.</summary>
    public string? Frames { get; init; }

    /// <summary>Whether a form of it may be answered by going to another site.</summary>
    public bool LeadsElsewhere { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = Status;
        return PageWriter.WriteAsync<TComponent>(httpContext, values.ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal), Frames, LeadsElsewhere);
    }
}
