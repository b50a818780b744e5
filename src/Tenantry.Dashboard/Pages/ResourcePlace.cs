using Tenantry.Model.Manifests;

namespace Tenantry.Dashboard.Pages;

/// <summary>Where more of a resource is to be seen: on a page of the instance, or at the platform that holds it.</summary>
public static class ResourcePlace
{
    private const string AwsConsole = "https://console.aws.amazon.com/go/view?arn=";

    /// <summary>The address, or null when there is no more than its line.</summary>
    public static string? Of(ResourceResponse resource, string slug, Manifest? manifest)
    {
        if (resource.Detail.StartsWith("arn:", StringComparison.Ordinal) && !resource.Detail.Contains(' ', StringComparison.Ordinal))
            return AwsConsole + Uri.EscapeDataString(resource.Detail);
        if (Uri.TryCreate(resource.Detail, UriKind.Absolute, out var address) && address.Scheme is "https" or "http")
            return resource.Detail;
        return resource.Kind switch
        {
            "service" => ServiceOf(resource.Name, manifest) is { } service ? $"/instances/{slug}/logs?service={Uri.EscapeDataString(service)}" : $"/instances/{slug}/logs",
            "secret" or "secrets" => $"/instances/{slug}/configuration",
            _ => null,
        };
    }

    // Platforms call it by its own name, behind the instance's; of two that fit the longer one is meant.
    private static string? ServiceOf(string name, Manifest? manifest) => manifest?.Services.Select(service => service.Name)
        .Where(service => name == service || name.EndsWith($"-{service}", StringComparison.Ordinal) || name.EndsWith($"/{service}", StringComparison.Ordinal)).MaxBy(service => service.Length);
}
