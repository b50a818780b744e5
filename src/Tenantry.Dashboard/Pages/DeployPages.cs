using Microsoft.AspNetCore.Mvc;
using Tenantry.Model.Manifests;

namespace Tenantry.Dashboard.Pages;

/// <summary>The button: from an app and a name to an instance that answers.</summary>
internal static class DeployPages
{
    private const string SecretPrefix = "secret.";

    public static void MapDeploy(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/deploy", ShowAsync);
        pages.MapPost("/deploy", StartAsync);
        pages.MapPost("/deploy/preview", PreviewAsync);
    }

    private static async Task<IResult> ShowAsync([FromQuery] string? app, [FromQuery] string? name, PageApi api, CancellationToken cancellationToken) =>
        new Page<DeployPage>((nameof(DeployPage.View), await ReadAsync(api, new DeployWish { App = app ?? "", Name = name ?? "" }, null, cancellationToken)));

    private static async Task<IResult> PreviewAsync(PageApi api, ApiSettings settings, HttpContext context, CancellationToken cancellationToken)
    {
        var wish = DeployWish.Of(await FormToken.ReadFormAsync(context));
        if (wish.Name.Length == 0)
            return new Page<DeployPreview>();
        try
        {
            var plan = await api.Client.Instances.Create(wish.Request()).PreviewAsync(cancellationToken);
            var slug = plan.Changes.Select(change => change.Subject).FirstOrDefault(subject => subject.StartsWith("instance ", StringComparison.Ordinal))?["instance ".Length..];
            return new Page<DeployPreview>((nameof(DeployPreview.Plan), plan), (nameof(DeployPreview.Url), slug is null ? null : settings.UrlOf(slug)));
        }
        catch (TenantryException refused)
        {
            return new Page<DeployPreview>((nameof(DeployPreview.Problem), refused.Problem));
        }
    }

    private static async Task<IResult> StartAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var wish = DeployWish.Of(form);
        try
        {
            var operation = await api.Client.Instances.Create(wish.Request()).SendAsync(cancellationToken);
            var secrets = form.Where(field => field.Key.StartsWith(SecretPrefix, StringComparison.Ordinal) && field.Value.ToString().Length > 0)
                .ToDictionary(field => field.Key[SecretPrefix.Length..], field => field.Value.ToString(), StringComparer.Ordinal);
            if (secrets.Count > 0)
                await PutAsync(api, operation.Slug, secrets, cancellationToken);
            return InstanceForms.To($"/operations/{operation.Id}");
        }
        catch (TenantryException refused) when (refused.Problem.Status < StatusCodes.Status500InternalServerError)
        {
            // Secrets are typed again: they are not sent back to the browser.
            return new Page<DeployPage>((nameof(DeployPage.View), await ReadAsync(api, wish, refused.Problem, cancellationToken))) { Status = refused.Problem.Status };
        }
    }

    // What is typed here is this instance's own, whatever else the app keeps for many. From now on the instance is there: what is refused is said and given on its own page.
    private static async Task PutAsync(PageApi api, string slug, Dictionary<string, string> secrets, CancellationToken cancellationToken)
    {
        try
        {
            await api.Client.Secrets.PutAll(SecretsOf.Instance(slug), secrets, secrets.Keys.ToDictionary(name => name, _ => SecretScope.Instance, StringComparer.Ordinal)).SendAsync(cancellationToken);
        }
        catch (TenantryException refused) when (refused.Problem.Status < StatusCodes.Status500InternalServerError)
        {
            var details = string.Join(' ', (refused.Problem.Errors ?? []).Select(error => $"{error.Path}: {error.Message}"));
            throw ProblemException.Conflict($"{slug} is made, and its secrets were not taken: {(details.Length > 0 ? details : refused.Message)} Give them on its page, under Configuration; it waits for them.");
        }
    }

    private static async Task<DeployView> ReadAsync(PageApi api, DeployWish wish, ProblemResponse? problem, CancellationToken cancellationToken)
    {
        var apps = await api.Client.Apps.ListAsync(cancellationToken).ToListAsync(cancellationToken);
        var app = apps.FirstOrDefault(one => one.Name == wish.App) ?? apps.FirstOrDefault();
        if (app is null)
            return new DeployView([], null, [], [], [], wish, problem);
        var manifest = ManifestJson.Read((await api.Client.Apps.GetReleaseAsync(app.Name, "latest", cancellationToken)).Manifest!);
        var releases = (await api.Client.Apps.ListReleasesAsync(app.Name, cancellationToken).ToListAsync(cancellationToken)).Take(20).ToArray();
        var targets = await api.Client.Targets.ListChoicesAsync(cancellationToken).ToListAsync(cancellationToken);
        var organizations = await api.Client.Tenants.ListOrganizationsAsync(cancellationToken).ToListAsync(cancellationToken);
        var places = organizations.Select(one => one.Name).Where(one => api.May("POST /v1/tenants", one)).ToList();
        // As the API chooses when nobody says; otherwise a person does.
        var place = wish.Organization.Length == 0 && places.Contains("default", StringComparer.Ordinal) ? "default" : wish.Organization;
        return new DeployView([.. apps.Select(one => one.Name)], manifest, releases, targets, places, wish with { App = app.Name, Organization = place }, problem);
    }
}

/// <summary>What was chosen.</summary>
public sealed record DeployWish
{
    public string App { get; init; } = "";

    public string Name { get; init; } = "";

    public string Organization { get; init; } = "";

    public string Tier { get; init; } = "";

    public string Target { get; init; } = "";

    public string Environment { get; init; } = "";

    public string Release { get; init; } = "";

    internal static DeployWish Of(IFormCollection form) => new()
    {
        App = form["app"].ToString(),
        Name = form["name"].ToString().Trim(),
        Organization = form["organization"].ToString(),
        Tier = form["tier"].ToString(),
        Target = form["target"].ToString(),
        Environment = form["environment"].ToString().Trim(),
        Release = form["release"].ToString(),
    };

    internal CreateInstanceRequest Request() => new(
        Name, App, Null(Environment), Null(Target), Null(Tier), Null(Release), NewTenant: new CreateTenantRequest(Name, Organization: Null(Organization)));

    private static string? Null(string text) => text.Length == 0 ? null : text;
}

/// <summary>What can be chosen, and what was. No manifest: there is no app yet.</summary>
public sealed record DeployView(
    IReadOnlyList<string> Apps,
    Manifest? Manifest,
    IReadOnlyList<ReleaseResponse> Releases,
    IReadOnlyList<TargetChoiceResponse> Targets,
    IReadOnlyList<string> Organizations,
    DeployWish Wish,
    ProblemResponse? Problem)
{
    /// <summary>Secrets that an instance waits for until a person gives them.</summary>
    public IEnumerable<SecretDefinition> Asked => Manifest?.Secrets.Where(s => s.Required && s.Generate is null && s.Provider is null) ?? [];

    /// <summary>The mistake in a field, or null.</summary>
    public string? Mistake(string path) => Problem?.Errors?.FirstOrDefault(error => error.Path == path)?.Message;
}
