using System.Globalization;
using Tenantry.Model.Manifests;

namespace Tenantry.Dashboard.Pages;

/// <summary>What is wanted of an instance, to look at and to change.</summary>
internal static class ConfigurationPages
{
    private const string FeaturePrefix = "feature.";
    private const int ReleasesShown = 30;

    public static void MapConfiguration(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/instances/{slug}/configuration", ShowAsync);
        pages.MapPost("/instances/{slug}/configuration", ChangeAsync);
        pages.MapPost("/instances/{slug}/configuration/preview", PreviewAsync);
        pages.MapPost("/instances/{slug}/secrets", PutSecretAsync);
        pages.MapPost("/instances/{slug}/delete", DeleteAsync);
    }

    private static async Task<IResult> ShowAsync(string slug, PageApi api, CancellationToken cancellationToken)
    {
        var head = await InstancePages.ReadHeadAsync(slug, api, cancellationToken);
        var releases = await api.Client.Apps.ListReleasesAsync(head.Instance.App, cancellationToken).ToListAsync(cancellationToken);
        return new Page<ConfigurationPage>((nameof(ConfigurationPage.View), new ConfigurationView(
            head,
            await InstancePages.ManifestAsync(head.Instance, api, cancellationToken),
            [.. releases.Take(ReleasesShown)],
            await api.Client.Secrets.ListAsync(slug, cancellationToken).ToListAsync(cancellationToken),
            await api.IfAllowedAsync(
                "GET /v1/organizations/{organization}/members", () => api.Client.People.ListMembersAsync(head.Instance.Organization, cancellationToken).ToListAsync(cancellationToken).AsTask(), head.Instance.Organization))));
    }

    private static async Task<IResult> PreviewAsync(string slug, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var plan = await api.Client.Instances.Update(slug, await RequestAsync(slug, form, api, cancellationToken), Generation(form)).PreviewAsync(cancellationToken);
        return new Page<PlanNotice>((nameof(PlanNotice.Plan), plan));
    }

    private static async Task<IResult> ChangeAsync(string slug, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var change = await api.Client.Instances.Update(slug, await RequestAsync(slug, form, api, cancellationToken), Generation(form)).SendAsync(cancellationToken);
        return InstanceForms.To(change.Operation is { } operation ? $"/operations/{operation.Id}" : $"/instances/{slug}/configuration");
    }

    private static async Task<IResult> PutSecretAsync(string slug, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var value = form["value"].ToString();
        if (value.Length == 0)
            throw ProblemException.Invalid("value", "An empty value was sent. The secret stays as it was.");
        var name = form["secret"].ToString();
        await api.Client.Secrets.PutAll(SecretsOf.Instance(slug), new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value }, new Dictionary<string, SecretScope>(StringComparer.Ordinal) { [name] = SecretScope.Instance }).SendAsync(cancellationToken);
        return InstanceForms.To($"/instances/{slug}/configuration");
    }

    private static async Task<IResult> DeleteAsync(string slug, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        if (form["name"] != slug)
            throw ProblemException.Invalid("name", $"To delete it, its name is typed: {slug}. Nothing was deleted.");
        var operation = await api.Client.Instances.Delete(slug).SendAsync(cancellationToken);
        return InstanceForms.To($"/operations/{operation.Id}");
    }

    // What is as it was is not asked for: who may not change the tier may change the rest.
    private static async Task<UpdateInstanceRequest> RequestAsync(string slug, IFormCollection form, PageApi api, CancellationToken cancellationToken)
    {
        var present = await api.Client.Instances.GetAsync(slug, cancellationToken);
        var features = form.Where(field => field.Key.StartsWith(FeaturePrefix, StringComparison.Ordinal))
            .ToDictionary(field => field.Key[FeaturePrefix.Length..], field => field.Value.ToString() is { Length: > 0 } text ? text : null, StringComparer.Ordinal);
        return new UpdateInstanceRequest(
            Other(form["tier"].ToString(), present.Tier),
            Other(form["release"].ToString(), present.Release),
            form.ContainsKey("hosts") ? [.. form["hosts"].ToString().Split((char[])[' ', ',', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)] : null,
            features.Count == 0 ? null : features);
    }

    private static string? Other(string wanted, string present) => wanted.Length == 0 || wanted == present ? null : wanted;

    private static long? Generation(IFormCollection form) => long.TryParse(form["generation"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What the page of an instance's configuration shows.</summary>
public sealed record ConfigurationView(InstanceHead Head, Manifest? Manifest, IReadOnlyList<ReleaseResponse> Releases, IReadOnlyList<SecretResponse> Secrets, IReadOnlyList<MemberResponse>? Members)
{
    public InstanceDetailResponse Instance => Head.Instance;
}
