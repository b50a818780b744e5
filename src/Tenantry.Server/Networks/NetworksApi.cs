using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Ranges;

namespace Tenantry.Server.Networks;

/// <summary>Network ranges that instances have, and those that no instance is to get: of an office, a peered network, a stack that somebody else runs.</summary>
internal static partial class NetworksApi
{
    private static readonly string Reservation = INetworkRanges.Reserved("");

    public static void MapNetworks(this IEndpointRouteBuilder routes)
    {
        var networks = routes.MapGroup("/networks").WithTags("Networks");
        networks.MapGet("", ListAsync).Paged();
        networks.MapPut("/{name}", PutAsync).Changes("network.reserve");
        networks.MapDelete("/{name}", DeleteAsync).Changes("network.release");
    }

    private static async Task<Ok<PageResponse<NetworkResponse>>> ListAsync(IStore store, CancellationToken cancellationToken)
    {
        var all = await store.ListRangesAsync(cancellationToken);
        var slugs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in all.Select(one => one.InstanceId).Where(id => !IsReserved(id)).Distinct(StringComparer.Ordinal))
            slugs[id] = (await store.FindInstanceAsync(id, cancellationToken))?.Spec.Slug ?? id;
        return TypedResults.Ok(PageQuery.Whole(all, one => Response(one, slugs)));
    }

    private static async Task<Results<Ok<NetworkResponse>, Ok<PlanResponse>>> PutAsync(string name, Body<PutNetworkRequest> body, Change change, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"network {name}";
        if (!Name().IsMatch(name))
            throw ProblemException.Invalid("name", "Lower-case letters and digits with hyphens between them are expected, 100 at most.");
        var wanted = Read(body.Value.Network);
        change.Detail = $"{wanted}";
        var id = INetworkRanges.Reserved(name);
        var present = await store.FindRangeAsync(id, cancellationToken);
        if (present is { } other && !other.Equals(wanted))
            throw ProblemException.Conflict($"'{name}' is the name of {other}, which is reserved already. Give that back first, or choose another name.");
        try
        {
            var wish = new RangeWish([wanted], wanted.PrefixLength, TimeSpan.Zero, wanted);
            if (change.IsDryRun)
            {
                if (present is null)
                    await store.PeekRangeAsync(wish, cancellationToken);
                return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", $"{present}", $"{wanted}")));
            }

            await store.ClaimRangeAsync(id, wish, cancellationToken);
        }
        catch (TargetException taken)
        {
            throw ProblemException.Conflict(taken.Message);
        }

        return TypedResults.Ok(new NetworkResponse(name, $"{wanted}", "reserved", null));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(string name, Change change, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"network {name}";
        var present = await store.FindRangeAsync(INetworkRanges.Reserved(name), cancellationToken) ?? throw ProblemException.NotFound("reserved network", name);
        change.Detail = $"{present}";
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", $"{present}", null)));
        await store.ReleaseRangeAsync(INetworkRanges.Reserved(name), cancellationToken);
        return TypedResults.NoContent();
    }

    private static IPNetwork Read(string text) =>
        IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork && network.PrefixLength is >= 8 and <= 30
            ? network
            : throw ProblemException.Invalid("network", "A network of IPv4 is expected, /8 to /30, such as 10.4.0.0/16.");

    private static NetworkResponse Response(TakenRange one, Dictionary<string, string> slugs)
    {
        var name = IsReserved(one.InstanceId) ? one.InstanceId[Reservation.Length..] : slugs[one.InstanceId];
        var use = one.ReleasedAt is not null ? "cooling" : IsReserved(one.InstanceId) ? "reserved" : "instance";
        return new NetworkResponse(name, $"{one.Range}", use, one.ReleasedAt);
    }

    private static bool IsReserved(string id) => id.StartsWith(Reservation, StringComparison.Ordinal);

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();
}
