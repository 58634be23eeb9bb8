INSERT OR REPLACE INTO task_type ({task_type}) VALUES {rows}
