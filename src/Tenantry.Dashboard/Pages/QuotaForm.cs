using System.Globalization;
using Tenantry.Model.Manifests;

namespace Tenantry.Dashboard.Pages;

/// <summary>Limits as people type them: numbers, and sizes such as <c>8GB</c>; nothing is no limit.</summary>
internal static class QuotaForm
{
    public static QuotaLimits Read(IFormCollection form) => new(Count(form, "instances"), Count(form, "awake"), Cores(form), Size(form, "memory"), Size(form, "disk"));

    private static int? Count(IFormCollection form, string name) => Text(form, name) is { } text
        ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : throw ProblemException.Invalid(name, $"{name}: a whole number from 0 is expected. Nothing was changed.")
        : null;

    private static double? Cores(IFormCollection form) => Text(form, "cpu") is { } text
        ? double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores) ? cores : throw ProblemException.Invalid("cpu", "cpu: a number of cores is expected, such as 4 or 0.5. Nothing was changed.")
        : null;

    private static long? Size(IFormCollection form, string name) => Text(form, name) is { } text
        ? SizeText.Parse(text) ?? throw ProblemException.Invalid(name, $"{name}: a size is expected, such as 512MB or 8GB. Nothing was changed.")
        : null;

    private static string? Text(IFormCollection form, string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
