using System.Buffers.Text;
using System.Text;

namespace Tenantry.Server.Store;

/// <summary>Where a page ended: the last key, made opaque.</summary>
internal static class Cursor
{
    private const int MostItems = 1000;

    public static string Write(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    /// <summary>The key, or null for the start. Anything that was not written by <see cref="Write"/> is an <see cref="ArgumentException"/>.</summary>
    public static string? Read(PageRequest page)
    {
        if (page.Cursor is null)
            return null;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(page.Cursor));
        }
        catch (Exception error) when (error is FormatException or DecoderFallbackException)
        {
            throw new ArgumentException("The cursor is not one that a page of this list ended with.", nameof(page), error);
        }
    }

    public static long? ReadNumber(PageRequest page)
    {
        var text = Read(page);
        if (text is null)
            return null;
        return long.TryParse(text, out var number)
            ? number
            : throw new ArgumentException("The cursor is not one that a page of this list ended with.", nameof(page));
    }

    /// <summary>How many rows to ask for: one more than wanted tells whether there is a next page.</summary>
    public static int Fetch(PageRequest page) => Limit(page) + 1;

    public static Page<TItem> Page<TRow, TItem>(IReadOnlyList<TRow> rows, PageRequest page, Func<TRow, TItem> item, Func<TRow, string> key)
    {
        var limit = Limit(page);
        var items = rows.Take(limit).Select(item).ToList();
        return new Page<TItem>(items, rows.Count > limit ? Write(key(rows[limit - 1])) : null);
    }

    private static int Limit(PageRequest page) => Math.Clamp(page.Limit, 1, MostItems);
}
