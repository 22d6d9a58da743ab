"""Empowerment (赋权): application, screening, feasibility, notice, agreement, formalities."""
