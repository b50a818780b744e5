using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Api;

/// <summary>Which part of a list is wanted.</summary>
/// <param name="Limit">1 to 1000; 100 unless said.</param>
/// <param name="Cursor">The <c>next</c> of the part before.</param>
public readonly record struct PageQuery([property: FromQuery(Name = "limit")] string? Limit, [property: FromQuery(Name = "cursor")] string? Cursor)
{
    public const int Largest = 1000;

    public PageRequest Request()
    {
        var limit = 100;
        if (Limit is not null && (!int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > Largest))
            throw ProblemException.Invalid("limit", $"A whole number from 1 to {Largest} is expected.");
        return new PageRequest(limit, Cursor);
    }

    /// <summary>The answer to a part of a list, with a <c>Link</c> to the next one.</summary>
    public static PageResponse<TResponse> Answer<TItem, TResponse>(HttpContext context, Page<TItem> page, Func<TItem, TResponse> map)
    {
        if (page.Next is not null)
        {
            var query = QueryHelpers.ParseQuery(context.Request.QueryString.Value);
            query["cursor"] = page.Next;
            context.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(context.Request.Path, query)}>; rel=\"next\"";
        }

        return new PageResponse<TResponse>([.. page.Items.Select(map)], page.Next);
    }

    /// <summary>The answer for a list that always comes whole.</summary>
    public static PageResponse<TResponse> Whole<TItem, TResponse>(IEnumerable<TItem> items, Func<TItem, TResponse> map) => new([.. items.Select(map)], null);
}
