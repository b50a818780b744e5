using Microsoft.AspNetCore.Mvc;

namespace Tenantry.Dashboard.Pages;

/// <summary>The instance itself: its page, and requests to it.</summary>
internal static class OpenPages
{
    public static void MapOpen(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/instances/{slug}/open", ShowAsync);
        pages.MapPost("/instances/{slug}/open", SendAsync);
    }

    private static async Task<IResult> ShowAsync(string slug, [FromQuery] string? page, PageApi api, CancellationToken cancellationToken)
    {
        var view = await InstancePages.ReadHeadAsync(slug, api, cancellationToken);
        var isFramed = page is not null && view.Instance.Url is not null;
        return new Page<OpenPage>((nameof(OpenPage.View), view), (nameof(OpenPage.IsFramed), isFramed)) { Frames = isFramed ? view.Instance.Url : null };
    }

    private static async Task<IResult> SendAsync(string slug, PageApi api, Playground playground, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        // What is not theirs is not there.
        var instance = await api.Client.Instances.GetAsync(slug, cancellationToken);
        if (instance.Url is null)
            throw ProblemException.Conflict($"{slug} has no port that speaks HTTP.");
        var answer = await playground.SendAsync(slug, form["method"].ToString(), form["path"].ToString(), form["contentType"].ToString(), form["body"].ToString(), cancellationToken);
        if (context.Request.Headers.ContainsKey("HX-Request"))
            return new Page<OpenAnswer>((nameof(OpenAnswer.Answer), answer));
        return new Page<OpenPage>((nameof(OpenPage.View), await InstancePages.ReadHeadAsync(slug, api, cancellationToken)), (nameof(OpenPage.Answer), answer));
    }
}
