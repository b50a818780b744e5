using System.Globalization;
using System.Text;

namespace Tenantry.Bench;

/// <summary>Horizontal bars as SVG that reads on light and dark pages.</summary>
internal static class Chart
{
    public static string Bars(string title, string unit, IReadOnlyList<(string Label, double Value, bool Ours)> bars)
    {
        const int width = 720, left = 210, rowHeight = 34, top = 48;
        var longest = bars.Max(bar => bar.Value);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {top + (bars.Count * rowHeight) + 12}\" role=\"img\" aria-label=\"{title}\">\n");
        svg.Append("<style>text{font:14px system-ui,sans-serif;fill:#24292f}.t{font-weight:600}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"8\" y=\"24\">{title}</text>\n");
        for (var index = 0; index < bars.Count; index++)
        {
            var (label, value, ours) = bars[index];
            var y = top + (index * rowHeight);
            var length = Math.Max(2, value / longest * (width - left - 110));
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"8\" y=\"{y + 16}\">{label}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{left}\" y=\"{y}\" width=\"{length:0.0}\" height=\"22\" rx=\"3\" fill=\"{(ours ? "#2da44e" : "#8c959f")}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + length + 8:0.0}\" y=\"{y + 16}\">{Report.Number(value)} {unit}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
