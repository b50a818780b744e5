namespace Tenantry.Dashboard.Pages;

/// <summary>What a person tells an instance with a form: each is one change of the API.</summary>
internal static class InstanceForms
{
    private static readonly Dictionary<string, Func<InstancesClient, string, Change<InstanceChange>>> Verbs = new(StringComparer.Ordinal)
    {
        ["restart"] = (instances, slug) => instances.Restart(slug),
        ["freeze"] = (instances, slug) => instances.Freeze(slug),
        ["sleep"] = (instances, slug) => instances.Sleep(slug),
        ["wake"] = (instances, slug) => instances.Wake(slug),
        ["hold"] = (instances, slug) => instances.Hold(slug),
        ["hold-down"] = (instances, slug) => instances.Hold(slug, down: true),
        ["release"] = (instances, slug) => instances.Release(slug),
    };

    public static void MapInstanceForms(this IEndpointRouteBuilder pages)
    {
        foreach (var (verb, change) in Verbs)
        {
            pages.MapPost($"/instances/{{slug}}/{verb}", async (string slug, PageApi api, HttpContext context, CancellationToken cancellationToken) =>
            {
                await FormToken.ReadFormAsync(context);
                await change(api.Client.Instances, slug).SendAsync(cancellationToken);
                return To($"/instances/{slug}");
            });
        }
    }

    /// <summary>The page to look at after a change.</summary>
    public static IResult To(string place) => new SeeOther(place);

    private sealed class SeeOther(string place) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = place;
            return Task.CompletedTask;
        }
    }
}
