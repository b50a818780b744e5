using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Which instances are meant.</summary>
public readonly record struct FleetQuery(
    [property: FromQuery(Name = "tenant")] string? Tenant,
    [property: FromQuery(Name = "app")] string? App,
    [property: FromQuery(Name = "target")] string? Target,
    [property: FromQuery(Name = "organization")] string? Organization,
    [property: FromQuery(Name = "q")] string? Text,
    [property: FromQuery(Name = "phase")] string? Phase,
    [property: FromQuery(Name = "health")] string? Health)
{
    /// <summary>What of these the caller may see.</summary>
    public InstanceFilter Of(Caller caller)
    {
        if (Organization is not null)
            caller.MustSee(Organization, "organization", Organization);
        return new InstanceFilter(Tenant, App, Target, Organization)
        {
            Organizations = caller.Organizations,
            Text = string.IsNullOrEmpty(Text) ? null : Text,
            Phase = Read<InstancePhase>("phase", Phase),
            Health = Read<InstanceHealth>("health", Health),
        };
    }

    private static T? Read<T>(string name, string? text)
        where T : struct, Enum => text switch
        {
            null => null,
            _ when Enum.GetNames<T>().Contains(text, StringComparer.Ordinal) => Enum.Parse<T>(text),
            _ => throw ProblemException.Invalid(name, $"One of {string.Join(", ", Enum.GetNames<T>())} is expected."),
        };
}

/// <summary>Many instances at once.</summary>
internal static class FleetApi
{
    public static readonly string[] Filters = ["tenant", "app", "target", "organization", "q", "phase", "health"];

    public static async Task<Ok<FleetResponse>> CountAsync([AsParameters] FleetQuery query, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var counts = await store.CountInstancesAsync(query.Of(Caller.Of(context)), cancellationToken);
        return TypedResults.Ok(new FleetResponse(
            counts.Sum(count => count.Count),
            counts.GroupBy(count => count.Phase).OrderBy(group => group.Key).ToDictionary(group => group.Key.ToString(), group => group.Sum(count => count.Count), StringComparer.Ordinal),
            counts.Where(count => count.Health == InstanceHealth.Unhealthy).Sum(count => count.Count),
            counts.Sum(count => count.Drifted)));
    }

    public static async Task<Ok<PageResponse<InstanceResponse>>> ListAsync(
        [AsParameters] PageQuery page,
        [AsParameters] FleetQuery query,
        [FromQuery] string? offset,
        IStore store,
        HttpReleases http,
        ApiSettings settings,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        var found = await store.ListInstancesAsync(query.Of(Caller.Of(context)), page.Request() with { Offset = ReadOffset(offset) }, cancellationToken);
        var reached = await http.AmongAsync(found.Items, cancellationToken);
        return TypedResults.Ok(PageQuery.Answer(context, found, record => InstanceView.InList(record, settings, reached)));
    }

    private static int ReadOffset(string? text) => text is null
        ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw ProblemException.Invalid("offset", "A whole number of instances to pass over is expected.");
}
